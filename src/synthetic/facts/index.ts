import type { Entity } from '../names.ts'
import type { Fact } from './fact.ts'
import { firmFacts } from './firm.ts'
import { lifeFacts } from './person-life.ts'
import { workFacts } from './person-work.ts'
import { townFacts } from './town.ts'

/** All facts of the demo text, by kind of entity. */
export const factsAbout: Readonly<Record<Entity['kind'], readonly Fact[]>> = {
  person: [...Object.values(lifeFacts), ...Object.values(workFacts)],
  firm: Object.values(firmFacts),
  town: Object.values(townFacts),
}
