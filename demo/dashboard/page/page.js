import { Axis } from './axis.js'
import { drawFigures } from './figures.js'
import { drawRun, ms } from './waterfall.js'

const form = document.querySelector('form')
const outcome = document.getElementById('outcome')
const chart = document.getElementById('chart')
let running = false

form.addEventListener('submit', event => {
  event.preventDefault()
  if (!running) void show(form.elements.user.value)
})
void show(form.elements.user.value)

/** One run of each mode, one after the other, and then all of them on one axis. */
async function show(userId) {
  running = true
  chart.setAttribute('aria-busy', 'true')
  outcome.textContent = 'Running …'
  try {
    // The first run warms up the server, the connections and the browser, and is not drawn.
    await fetchRun(userId, 'parallel')
    const runs = []
    for (const mode of ['sequential', 'parallel', 'shared']) runs.push(await fetchRun(userId, mode))
    draw(runs)
    document.getElementById('database').textContent = runs[0].database
    outcome.replaceChildren(...conclusion(runs[0], runs[1]))
    for (const link of document.querySelectorAll('footer a')) link.pathname = `/dashboard/${userId}`
  } catch (error) {
    outcome.textContent = error.message
  }
  chart.removeAttribute('aria-busy')
  running = false
}

/** @throws with a message for people when there is nothing to draw */
async function fetchRun(userId, mode) {
  const response = await fetch(`/dashboard/${userId}?mode=${mode}`).catch(() => {
    throw new Error('The server does not answer. Is npm start still running?')
  })
  const run = await response.json()
  if (!run.queries) throw new Error(run.error.message)
  return run
}

function draw(runs) {
  const axis = new Axis(Math.max(...runs.map(run => run.totalMs)))
  axis.draw(chart.querySelector('.axis'), chart)
  for (const run of runs) drawRun(document.getElementById(run.mode), run, axis)
  drawFigures(document.querySelector('table'), runs)
}

function conclusion(sequential, parallel) {
  const failed = [sequential, parallel].find(run => run.error)
  if (failed) return [`${failed.mode} failed: ${failed.error.message}`]
  const ratio = sequential.totalMs / parallel.totalMs
  const times = document.createElement('strong')
  times.textContent = `${ratio.toFixed(1)} times as fast`
  const totals = `${ms(parallel.totalMs)} instead of ${ms(sequential.totalMs)}.`
  return [
    'Parallel is ',
    times,
    ` as sequential: ${totals}`,
    ratio < 1.5 ? ' (Three queries that compute at the same time need three idle cores.)' : '',
  ]
}
