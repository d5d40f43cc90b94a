// Every target, in the order in which a run takes them.
import type { Target } from '../target.js';
import * as answers from './answers.js';
import * as cache from './cache.js';
import * as request from './request.js';
import * as sender from './sender.js';
import * as settings from './settings.js';
import * as signature from './signature.js';
import * as token from './token.js';

export const TARGETS: readonly Target[] = [
  request,
  token,
  sender,
  signature,
  settings,
  answers,
  cache,
].flatMap((file) => Object.values(file) as Target[]);
