/** Print the commands as JSON: what the tutorial lists, and what a test holds it to. */
import { makeCommands } from '../../../apps/canvas/commands.js';
import { labelOf } from '../../../apps/canvas/keys.js';

const nothing = /** @type {any} */ ({ labeling: {} });
console.log(JSON.stringify(makeCommands(nothing).map(({ group, title, keys }) => [group, title, keys.map(labelOf)])));
