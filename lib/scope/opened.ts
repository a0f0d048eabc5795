import type { Scope } from './scope.js'

/** A unit of work that was opened, and what shows it to users: a container of Awilix's, of tsyringe's, a handle. */
export interface Opened<Face> {
  readonly scope: Scope
  readonly face: Face
}
