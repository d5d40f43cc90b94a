#!/usr/bin/env node
// njs-phantom-token 0.1.0 (Apache-2.0). Built from cli/ by `npm run build`: change it there, not here.

// cli/main.ts
import { readFile as readFile2 } from "node:fs/promises";

// cli/command_line.ts
import { resolve } from "node:path";
import { parseArgs } from "node:util";

// cli/nginx_lines.ts
var MODES = ["access", "auth_request"];
var FILES = {
  access: {
    zones: "zones.conf",
    zonesRemark: "edit its sizes in this file",
    server: void 0,
    protect: "protect.conf"
  },
  auth_request: {
    zones: "zones_njs_0.8.conf",
    zonesRemark: "edit its sizes in this file. With njs 0.9.7 or newer, use zones.conf",
    server: "auth_request/server.conf",
    protect: "auth_request/protect.conf"
  }
};
function canBeNamed(path) {
  return !/[*?[\]"\\\p{Cc}]/u.test(path);
}
function linesToAdd(mode, folder) {
  const { zones, zonesRemark, server, protect } = FILES[mode];
  const include = (file) => `include ${asArgument(`${folder}/${file}`)};`;
  const firstOfServer = server ? `# The first line of the server.
        ${include(server)}
        ` : "";
  return `
# Add these lines to your configuration, at the levels shown; other lines of those blocks stay as they are.
# Then: nginx -t && nginx -s reload. A request without a token must answer 401.

# Main level: at the top of nginx.conf itself. Leave it out with Debian's packages: they load the module themselves.
load_module modules/ngx_http_js_module.so;

# In nginx.conf, or in a file that its http block includes; once.
http {
    # For the long names of our variables; nginx warns without it. Leave it out if you set it already.
    variables_hash_bucket_size 128;
    # The folder of phantom_token.js.
    js_path ${asArgument(folder)};
    # The shared memory: ${zonesRemark}.
    ${include(zones)}
    # The variables. This file lists the settings.
    ${include("http.conf")}

    # In the file of your server.
    server {
        ${firstOfServer}listen 8080;

        # Each location to protect, nested ones too.
        location /api/ {
            set $phantom_token on;
            set $phantom_token_introspection_endpoint /introspect;
            set $phantom_token_required_scopes "read";
            # After the \`set\` lines: checks the token and replaces it by the JWT.
            ${include(protect)}
            proxy_pass http://127.0.0.1:8082;
        }

        # Once in each server that protects: the request to the authorization server.
        location = /introspect {
            # Timeouts and sizes: edit them in this file.
            ${include("introspection_limits.conf")}
            ${include("introspection.conf")}
            proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;
            # base64 of client_id:client_secret: printf '%s' 'id:secret' | base64 -w0
            proxy_set_header Authorization "Basic Z2F0ZXdheS1jbGllbnQ6Z2F0ZXdheS1zZWNyZXQ=";
            proxy_pass https://login.example.com/oauth/v2/oauth-introspect;
        }
    }
}`;
}
function asArgument(path) {
  return /^[\w./@%+,=:~-]+$/.test(path) ? path : `"${path}"`;
}

// cli/command_line.ts
var USAGE = `Usage: njs-phantom-token init [--mode access|auth_request] [--force] DIR

Copies the script and the nginx snippets into DIR, creates DIR if needed, and prints the lines to add to
nginx.conf. Either all files are copied or none.

  --mode access         lines for access mode, the default: njs 1.0.1 or newer
  --mode auth_request   lines for auth_request mode: njs 0.8.6 or newer, but not 0.9.5 to 0.9.9
  --force               overwrite files in DIR that differ from this version's, with your edits in them;
                        without --force nothing is written if a file differs
  --help                show this text
  --version             show the version of this package, which is also in the first line of phantom_token.js

zones.conf and zones_njs_0.8.conf (the sizes of the shared memory) and introspection_limits.conf (the timeouts and sizes
of an introspection) are yours once they are in DIR: not even --force overwrites them. If one lacks a line that this
version needs, init says so. To get this version's file, remove yours first.
Nothing in DIR is deleted, and no symbolic link in it is followed.

To upgrade: npx njs-phantom-token@latest init --force DIR; then nginx -t && nginx -s reload

Exit code: 0 when it is done, 1 when it is not, 2 when the command line is wrong.`;
function readCommandLine(args) {
  const parsed = parse(args);
  if (typeof parsed === "string") return wrong(parsed);
  const { values, positionals } = parsed;
  if (values.help) return { kind: "help" };
  if (values.version) return { kind: "version" };
  const [command, folder, ...others] = positionals;
  if (command === void 0) return wrong("a command is missing");
  if (command !== "init") return wrong(`unknown command '${command}'`);
  if (folder === void 0 || folder === "") return wrong("DIR is missing");
  if (others.length > 0) return wrong(`one DIR only, not also '${others[0]}'`);
  const mode = MODES.find((known) => known === values.mode);
  if (mode === void 0) return wrong(`unknown mode '${values.mode}'`);
  const absolute = resolve(folder);
  if (!canBeNamed(absolute)) return wrong(`DIR has a character that its name cannot have in nginx.conf`);
  return { kind: "init", folder: absolute, mode, force: values.force };
}
function parse(args) {
  try {
    return parseArgs({
      args,
      allowPositionals: true,
      options: {
        mode: { type: "string", default: "access" },
        force: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
        version: { type: "boolean", default: false }
      }
    });
  } catch (error) {
    return error.message.split(/\.?\s*\n|\.\s/, 1)[0];
  }
}
function wrong(problem) {
  return { kind: "wrong", problem };
}

// cli/copy.ts
import { randomUUID } from "node:crypto";
import { lstat, mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

// cli/declared_directives.ts
function missingDirectives(users, shipped) {
  const declared = new Set(directivesOf(users).map(declaredName));
  return directivesOf(shipped).filter((directive) => !declared.has(declaredName(directive)));
}
function directivesOf(text) {
  const withoutComments = text.replace(/#.*/g, "");
  return [...withoutComments.matchAll(/[^;{}]+;/g)].map(
    ([directive]) => directive.trim().replace(/\s+/g, " ")
  );
}
function declaredName(directive) {
  const declared = /\bzone=\w+|\$\w+/.exec(directive);
  return declared?.[0] ?? directive.split(" ")[0];
}

// cli/copy.ts
var SCRIPT = fileURLToPath(new URL("../dist/phantom_token.js", import.meta.url));
var SNIPPETS = fileURLToPath(new URL("../nginx", import.meta.url));
var USERS_FILES = ["zones.conf", "zones_njs_0.8.conf", "introspection_limits.conf"];
async function copyFiles(folder, { force }) {
  const files = await readPackage();
  try {
    return await copyInto(folder, files, force);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return { kind: "failed", reason: error.message };
  }
}
async function readPackage() {
  const entries = await readdir(SNIPPETS, { recursive: true });
  const snippets = entries.filter((path) => path.endsWith(".conf") && !path.startsWith("examples/")).sort();
  const sources = [
    ["phantom_token.js", SCRIPT],
    ...snippets.map((path) => [path, join(SNIPPETS, path)])
  ];
  return Promise.all(sources.map(async ([path, source]) => ({ path, content: await readFile(source) })));
}
async function copyInto(folder, files, force) {
  const found = await stat(folder).catch(undefinedIfAbsent);
  if (found !== void 0 && !found.isDirectory()) return { kind: "no_folder" };
  const places = await findObstacles(folder, files);
  if (places.length > 0) return { kind: "obstructed", places };
  const groups = { absent: [], same: [], differs: [], kept: [] };
  for (const file of files) groups[await presenceOf(folder, file)].push(file);
  if (groups.differs.length > 0 && !force) return { kind: "differs", files: pathsOf(groups.differs) };
  await writeFiles(folder, [...groups.absent, ...groups.differs]);
  return {
    kind: "copied",
    added: pathsOf(groups.absent),
    overwritten: pathsOf(groups.differs),
    unchanged: pathsOf(groups.same),
    kept: await Promise.all(groups.kept.map((file) => lookIntoKept(folder, file)))
  };
}
async function lookIntoKept(folder, { path, content }) {
  const users = await readFile(join(folder, path), "utf8").catch(() => void 0);
  return { path, missing: users === void 0 ? [] : missingDirectives(users, content.toString()) };
}
function pathsOf(files) {
  return files.map(({ path }) => path);
}
async function findObstacles(folder, files) {
  const obstacles = [];
  const subfolders = new Set(files.map(({ path }) => dirname(path)).filter((path) => path !== "."));
  for (const path of subfolders) {
    const found = await lookAt(join(folder, path));
    if (found !== void 0 && !found.isDirectory()) obstacles.push(path);
  }
  for (const { path } of files) {
    if (obstacles.includes(dirname(path))) continue;
    const found = await lookAt(join(folder, path));
    if (found !== void 0 && !found.isFile() && !USERS_FILES.includes(path)) obstacles.push(path);
  }
  return obstacles;
}
async function presenceOf(folder, { path, content }) {
  const target = join(folder, path);
  const found = await lookAt(target);
  if (found === void 0) return "absent";
  if (found.isFile() && content.equals(await readFile(target))) return "same";
  return USERS_FILES.includes(path) ? "kept" : "differs";
}
function lookAt(path) {
  return lstat(path).catch(undefinedIfAbsent);
}
async function writeFiles(folder, files) {
  const written = [];
  try {
    for (const { path, content } of files) {
      const target = join(folder, path);
      const partial = `${target}.${randomUUID()}.partial`;
      await makeFolder(dirname(target));
      written.push({ partial, target });
      await writeFile(partial, content, { flag: "wx" });
    }
    for (const { partial, target } of written) await rename(partial, target);
  } finally {
    for (const { partial } of written) await rm(partial, { force: true });
  }
}
async function makeFolder(folder) {
  if (await stat(folder).catch(undefinedIfAbsent) !== void 0) return;
  await makeFolder(dirname(folder));
  await mkdir(folder);
}
function undefinedIfAbsent(error) {
  if (isSystemError(error) && error.code === "ENOENT") return void 0;
  throw error;
}
function isSystemError(error) {
  return error instanceof Error && "syscall" in error;
}

// cli/main.ts
var DONE = 0;
var FAILED = 1;
var WRONG_USAGE = 2;
process.exitCode = await main(process.argv.slice(2));
async function main(args) {
  const command = readCommandLine(args);
  switch (command.kind) {
    case "help":
      console.log(USAGE);
      return DONE;
    case "version":
      console.log(await readVersion());
      return DONE;
    case "wrong":
      complain(`${command.problem}; see njs-phantom-token --help`);
      return WRONG_USAGE;
    case "init": {
      const outcome = await copyFiles(command.folder, command);
      if (outcome.kind !== "copied") {
        complain(describeFailure(outcome, command.folder));
        return FAILED;
      }
      console.log(`${describeCopy(outcome, command.folder)}
${linesToAdd(command.mode, command.folder)}`);
      for (const file of outcome.kept.filter(({ missing }) => missing.length > 0))
        complain(describeLack(file));
      return DONE;
    }
  }
}
async function readVersion() {
  const text = await readFile2(new URL("../package.json", import.meta.url), "utf8");
  return JSON.parse(text).version;
}
function complain(text) {
  console.error(`njs-phantom-token: ${text}`);
}
function describeCopy(outcome, folder) {
  const groups = [
    ["copied", outcome.added],
    ["overwritten", outcome.overwritten],
    ["as they were", outcome.unchanged],
    [
      "kept, because they are yours, though they differ from this version's",
      outcome.kept.map(({ path }) => path)
    ]
  ];
  const lines = groups.filter(([, files]) => files.length > 0).map(([what, files]) => `#   ${what}: ${files.join(", ")}`);
  return [`# ${folder}`, ...lines].join("\n");
}
function describeLack({ path, missing }) {
  const lines = missing.map((directive) => `
  ${directive}`).join("");
  return `your ${path} lacks what this version needs. If nginx.conf includes it, add before the reload:${lines}`;
}
function describeFailure(outcome, folder) {
  switch (outcome.kind) {
    case "differs": {
      const files = outcome.files.map((file) => `
  ${file}`).join("");
      return `nothing was written: files in ${folder} differ from this version's; --force overwrites them:${files}`;
    }
    case "obstructed": {
      const places = outcome.places.map((place) => `
  ${place}`).join("");
      return `nothing was written: in ${folder} symbolic links, or folders in place of files, are in the way:${places}`;
    }
    case "no_folder":
      return `${folder} is not a folder`;
    case "failed":
      return `cannot copy: ${outcome.reason}`;
  }
}
