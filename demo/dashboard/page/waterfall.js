import { element } from './element.js'

/** One run: a row per query on the common axis, its total, and what Mayfly said where it refused. */
export function drawRun(section, run, axis) {
  section.querySelector('.total').textContent = run.error ? 'refused' : ms(run.totalMs)
  section.querySelector('.rows').replaceChildren(...run.queries.map(query => row(query, axis)))
  const error = section.querySelector('.error')
  error.hidden = !run.error
  if (run.error) {
    const { name, code, message } = run.error
    error.replaceChildren(
      element('p', {}, element('strong', {}, name), ' ', element('code', {}, code)),
      element('p', { class: 'message' }, message),
    )
  }
}

function row(query, axis) {
  const sent = query.connection !== undefined
  return element(
    'div',
    { class: query.failed ? 'row failed' : 'row', role: 'img', 'aria-label': inWords(query) },
    element(
      'span',
      { class: 'label' },
      element('b', {}, query.query),
      ' ',
      sent ? `connection ${query.connection}` : 'no connection',
    ),
    element('span', { class: 'track' }, ...(sent ? parts(query, axis) : [mark(query, axis)])),
    element('span', { class: 'time' }, sent ? ms(query.durationMs) : ''),
  )
}

function parts({ startMs, waitMs, runMs }, axis) {
  return [
    part('wait', axis.percent(startMs), axis.percent(waitMs)),
    part('run', axis.percent(startMs + waitMs), axis.percent(runMs)),
  ]
}

function mark({ startMs }, axis) {
  const isLate = axis.isInSecondHalf(startMs)
  const words = element('span', {}, '✗ refused, not sent')
  return part(isLate ? 'refused late' : 'refused', axis.percent(startMs), '', words)
}

function part(kind, left, width, ...children) {
  const drawn = element('span', { class: `part ${kind}` }, ...children)
  drawn.style.left = left
  drawn.style.width = width
  return drawn
}

function inWords({ query, connection, startMs, waitMs, runMs, failed }) {
  const asked = `${query}: asked for at ${ms(startMs)}`
  if (connection === undefined) return `${asked}, refused, not sent`
  const ran = `${failed ? 'failed after' : 'ran'} ${ms(runMs)}`
  return `${asked}, waited ${ms(waitMs)} for connection ${connection}, ${ran}`
}

export function ms(time) {
  return `${time.toFixed(1)} ms`
}
