// What nginx runs for the comparison of engines: a request's body holds a target's name and a list of inputs, its answer the
// list of verdicts.
import { type TargetName, VERDICTS } from './verdicts.js';

/** The members of njs's request that are used here. */
interface Request {
  readonly requestText: string;
  return(status: number, body: string): void;
}

interface Batch {
  readonly target: TargetName;
  readonly inputs: readonly unknown[];
}

function judge(r: Request): void {
  const batch = JSON.parse(r.requestText) as Batch;
  const rule = VERDICTS[batch.target] as (input: unknown) => unknown;
  const verdicts: unknown[] = [];
  for (let i = 0; i < batch.inputs.length; i++) {
    verdicts.push(verdictOf(rule, batch.inputs[i]));
  }
  r.return(200, JSON.stringify(verdicts));
}

/** An exception is a verdict of its own. */
function verdictOf(rule: (input: unknown) => unknown, input: unknown): unknown {
  try {
    const verdict = rule(input);
    return verdict === undefined ? null : verdict;
  } catch (exception) {
    return { exception: (exception as Error).name };
  }
}

export default { judge };
