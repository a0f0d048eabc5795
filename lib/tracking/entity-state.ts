/**
 * What is known of an object: nothing (`detached`); that it is to be inserted; that it is a row as it was loaded; that some of it has changed; that its
 * row is to be deleted. The words are EF Core's `EntityState`.
 */
export type EntityState = 'detached' | 'added' | 'unchanged' | 'modified' | 'deleted'
