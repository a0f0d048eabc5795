import type { Request, Response } from 'express'
import { createController } from 'mayfly/express'
import type { ShopContainer } from './container.js'
import { isMode, modes } from './modes.js'

type Dependencies = Pick<ShopContainer['cradle'], 'dashboard' | 'stopwatch'>

export const dashboards = createController(({ dashboard, stopwatch }: Dependencies) => ({
  async show(req: Request, res: Response) {
    const userId = userIdFrom(req.params['userId'])
    if (userId === undefined) return refuse(res, 400, 'The user id must be a whole number.')
    const mode = req.query['mode'] ?? 'parallel'
    if (!isMode(mode)) return refuse(res, 400, `The mode must be one of: ${modes.join(', ')}.`)

    const { orders, logs, stats } = await dashboard[mode](userId)
    if (!stats) return refuse(res, 404, `There is no user ${userId}.`)
    res.json({
      mode,
      totalMs: rounded(stopwatch.total),
      queries: stopwatch.laps.map(({ query, start, duration }) => ({
        query,
        startMs: rounded(start),
        durationMs: rounded(duration),
      })),
      data: { userId, ...stats, orders, logs },
    })
  },
}))
  .prefix('/dashboard')
  .get('/:userId', 'show')

function userIdFrom(text: unknown): number | undefined {
  const userId = typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : NaN
  return Number.isSafeInteger(userId) ? userId : undefined
}

function refuse(res: Response, status: number, message: string): void {
  res.status(status).json({ error: { message } })
}

function rounded(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10
}
