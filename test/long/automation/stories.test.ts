/** Many more random rules and histories, others at every run. */
import { expectSoundStories } from "../../integration/automation/sound.stories";

jest.setTimeout(3_600_000);

const seed = Math.floor(Math.random() * 2 ** 31);
const count = 60;

test(`${count} random stories end as the model foresees, whoever dies (seed ${seed})`, () =>
  expectSoundStories({ seed, count }));
