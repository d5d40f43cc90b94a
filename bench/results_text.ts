// What each generated part says of its measurement.
import type { Conditions } from './results.js';

/** What `--date` and the like would say of a measurement, one sentence. */
export function machineText({ machine, date }: Pick<Conditions, 'machine' | 'date'>): string {
  const { cpu, cores, isVirtual, kernel, nginx } = machine;
  const place = `${cpu}, ${cores} cores${isVirtual ? ', a virtual machine' : ''}, Linux ${kernel}`;
  const versions = (['modern', 'legacy'] as const)
    .map((name) => `nginx ${nginx[name].nginx} with njs ${nginx[name].njs}`)
    .join(' and ');
  return `${place}; ${versions}; ${date.slice(0, 10)}.`;
}
