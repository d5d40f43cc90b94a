// What is sent to a running gateway, by kind.
import type fc from 'fast-check';
import { answerCases } from './answers.js';
import type { LiveCase } from './case.js';
import { http1Cases } from './http1.js';
import { http2Cases } from './http2.js';

export type LiveKind = 'http1' | 'http2' | 'answers';

export const LIVE_KINDS: Readonly<Record<LiveKind, fc.Arbitrary<LiveCase>>> = {
  http1: http1Cases,
  http2: http2Cases,
  answers: answerCases,
};
