// How full the zones are, for the metrics page.
import { listZones } from './declared_zones.js';

/** Figures of one zone; `entries` is -1 where njs cannot count them safely. */
export interface ZoneFigures {
  readonly name: string;
  readonly capacityBytes: number;
  readonly freeBytes: number;
  readonly entries: number;
}

/** Of the zones that are declared. */
export function readZones(): ZoneFigures[] {
  return listZones()
    .concat('phantom_token_metrics')
    .filter((name) => ngx.shared[name] !== undefined)
    .map((name) => {
      const zone = ngx.shared[name] as NgxSharedDict;
      // Below njs 0.9.7 size() changes the dictionary under a lock for reading only (nginx/njs#1036).
      const entries = njs.version_number < 0x000907 ? -1 : zone.size();
      return { name, capacityBytes: zone.capacity, freeBytes: zone.freeSpace(), entries };
    });
}
