// The settings of a location in which nothing is set but what has no default.

import { Lines } from '../../src/core/settings/lines.js';
import { takeApart } from '../../src/core/settings/location_texts.js';
import { parseSettings, type Settings } from '../../src/core/settings/settings.js';

const REQUEST = ['here on', ...Array<string>(Lines.request - 1).fill('')];

/** As the script reads them, with these changes. */
export function settingsWith(changes: Partial<Settings>): Settings {
  const request = REQUEST.map((line, i) => (i === ENDPOINT_LINE ? '/introspect' : line)).join('\n');
  const texts = takeApart(request as never, '\n'.repeat(Lines.rest - 1) as never);
  const settings = texts && parseSettings(texts);
  if (settings?.kind !== 'settings') throw new Error('the defaults of the settings are no settings');
  return { ...settings, ...changes };
}

/** Below the head, the policy and the server. */
const ENDPOINT_LINE = Lines.policy + 2;
