import { element } from './element.js'

/** The same figures as a table: a group of rows for each run. */
export function drawFigures(table, runs) {
  for (const old of table.querySelectorAll('tbody')) old.remove()
  table.append(...runs.map(group))
}

function group({ mode, totalMs, queries, error }) {
  const heading = `${mode}, ${error ? 'refused after' : 'in all'} ${totalMs.toFixed(2)}`
  return element(
    'tbody',
    {},
    element('tr', {}, element('th', { colspan: 5, scope: 'rowgroup' }, heading)),
    ...queries.map(figures),
  )
}

function figures({ query, connection, startMs, waitMs, runMs }) {
  const number = time => element('td', {}, time.toFixed(2))
  const rest =
    connection === undefined
      ? [element('td', { colspan: 2 }, 'refused')]
      : [number(waitMs), number(runMs)]
  return element(
    'tr',
    {},
    element('th', { scope: 'row' }, query),
    element('td', {}, String(connection ?? 'none')),
    number(startMs),
    ...rest,
  )
}
