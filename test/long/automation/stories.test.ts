/** Many more random rules and histories, others at every run. */
import { expectSoundStories } from "../../integration/automation/sound.stories";

jest.setTimeout(1_800_000);

const seed = Math.floor(Math.random() * 2 ** 31);
const count = 60;

test(`in ${count} random stories every effect happens once, in time and in order, whoever dies (seed ${seed})`, () =>
  expectSoundStories({ seed, count }));
