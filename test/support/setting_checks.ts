// What the script finds wrong with a value of a setting: the command asks the same.
export { findProblem } from '../../cli/check/value_problem.js';
