/** Random rules and histories under the stack's clock, beside processes that die; test/long has more of them. */
import { expectSoundStories } from "./sound.stories";

const seed = 20_261_123;
const count = 2;

test(`in ${count} random stories every effect happens once, in time and in order, whoever dies (seed ${seed})`, () =>
  expectSoundStories({ seed, count }));
