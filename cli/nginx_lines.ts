export const MODES = ['access', 'auth_request'] as const;

/** How nginx.conf calls the script. */
export type Mode = (typeof MODES)[number];

interface ModeFiles {
  readonly zones: string;
  readonly zonesRemark: string;
  /** The server's first line. */
  readonly server: string | undefined;
  readonly protect: string;
}

const FILES: Record<Mode, ModeFiles> = {
  access: {
    zones: 'zones.conf',
    zonesRemark: 'edit its sizes in this file',
    server: undefined,
    protect: 'protect.conf',
  },
  auth_request: {
    zones: 'zones_njs_0.8.conf',
    zonesRemark: 'edit its sizes in this file. With njs 0.9.7 or newer, use zones.conf',
    server: 'auth_request/server.conf',
    protect: 'auth_request/protect.conf',
  },
};

/**
 * Whether the path can be written in nginx.conf: `*`, `?` and `[` make it a pattern, and a quotation mark ends a quoted
 * text.
 */
export function canBeNamed(path: string): boolean {
  return !/[*?[\]"\\\p{Cc}]/u.test(path);
}

/**
 * What the user adds to nginx.conf, in its syntax: each line at its level, with the folder in it.
 * @param folder  absolute, `canBeNamed`; holds what `copyFiles` copies
 */
export function linesToAdd(mode: Mode, folder: string): string {
  const { zones, zonesRemark, server, protect } = FILES[mode];
  const include = (file: string) => `include ${asArgument(`${folder}/${file}`)};`;
  // It must be above the server's own `rewrite`, `if` and `return`, whose 2xx would count as a permission.
  const firstOfServer = server ? `# The first line of the server.\n        ${include(server)}\n        ` : '';
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
    ${include('http.conf')}

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
            ${include('introspection_limits.conf')}
            ${include('introspection.conf')}
            proxy_ssl_trusted_certificate /etc/ssl/certs/ca-certificates.crt;
            # base64 of client_id:client_secret: printf '%s' 'id:secret' | base64 -w0
            proxy_set_header Authorization "Basic Z2F0ZXdheS1jbGllbnQ6Z2F0ZXdheS1zZWNyZXQ=";
            proxy_pass https://login.example.com/oauth/v2/oauth-introspect;
        }
    }
}`;
}

/** Quoted, unless nginx reads it correctly without quotes. */
function asArgument(path: string): string {
  return /^[\w./@%+,=:~-]+$/.test(path) ? path : `"${path}"`;
}
