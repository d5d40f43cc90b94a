// Everything that the checker finds in a configuration.
import type { Directive } from '../nginx_conf/directive.js';
import type { Finding } from './finding.js';
import { allLocations, type Configuration, layOut } from './layout.js';
import { type ProtectedLocation, protectedLocations } from './protection.js';
import * as access from './rules/access.js';
import { checkCertificate, checkClientChoices } from './rules/client_choices.js';
import * as headers from './rules/headers.js';
import * as introspection from './rules/introspection.js';
import * as neighbours from './rules/neighbours.js';
import { checkIntrospectionCache, checkOperators } from './rules/operators.js';
import { checkMapOrder, checkNames } from './rules/setting_names.js';
import * as values from './rules/setting_values.js';
import * as sharedMemory from './rules/shared_memory.js';

export interface CheckOptions {
  /** The njs that will run the script, 0x010002 for 1.0.2; undefined when nobody said. */
  readonly njsVersion: number | undefined;
}

/** @returns in the order of the files and lines, each once */
export function check(directives: readonly Directive[], { njsVersion }: CheckOptions): Finding[] {
  const configuration = layOut(directives);
  const guarded = protectedLocations(allLocations(configuration));
  return inOrder([
    ...checkHttp(configuration, guarded, njsVersion),
    ...configuration.servers.flatMap((server) => [
      ...access.checkInclude(server),
      ...access.checkServerConf(server),
      ...neighbours.checkNeighbours(server),
      ...neighbours.checkPaths(server),
    ]),
    ...allLocations(configuration).flatMap((location) => [
      ...access.checkNested(location),
      ...introspection.checkOwnCall(location),
    ]),
    ...guarded.flatMap((location) => checkProtected(location, configuration.isWhole)),
  ]);
}

function checkHttp(
  configuration: Configuration,
  guarded: ProtectedLocation[],
  njsVersion: number | undefined,
): Finding[] {
  const [first] = guarded;
  return [
    ...access.checkLevel(configuration),
    ...checkNames(configuration),
    ...checkMapOrder(configuration),
    ...values.checkValues(configuration),
    ...values.checkRequirements(configuration, guarded),
    ...values.checkSecrets(neighbours.levelsIn(configuration)),
    ...(first === undefined
      ? []
      : [
          ...sharedMemory.checkHttpConf(configuration, first.line),
          ...sharedMemory.checkZones(configuration, first.line, guarded.some(values.takesDpop)),
        ]),
    ...(njsVersion === undefined ? [] : sharedMemory.checkNjs(configuration, guarded, njsVersion)),
    ...checkOperators(configuration),
    ...neighbours.checkUpstreams(configuration),
  ];
}

function checkProtected(location: ProtectedLocation, isWhole: boolean): Finding[] {
  return [
    ...access.checkAnswers(location),
    ...access.checkSatisfy(location),
    ...checkIntrospectionCache(location),
    ...headers.checkErrorPages(location),
    ...headers.checkAuthorization(location),
    ...values.checkOrder(location),
    ...values.checkCompleteness(location, isWhole),
    ...values.checkSender(location),
    ...checkClientChoices(location),
    ...checkCertificate(location),
    ...introspection.checkEndpoints(location),
    ...neighbours.checkNamed(location),
    ...neighbours.checkSubrequests(location),
    ...headers.checkCaches(location),
    ...headers.checkLostHeaders(location),
  ];
}

function inOrder(findings: Finding[]): Finding[] {
  const files = [...new Set(findings.map(({ file }) => file))];
  const once = new Map(
    findings.map((finding) => [
      `${finding.file}\0${finding.line}\0${finding.code}\0${finding.text}`,
      finding,
    ]),
  );
  return [...once.values()].sort(
    (a, b) =>
      files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line || a.code.localeCompare(b.code),
  );
}
