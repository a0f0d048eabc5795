import type { Request, Response } from 'express'
import { MayflyError } from 'mayfly'
import { createController } from 'mayfly/express'
import type { ShopContainer } from './container.js'
import { isMode, modes } from './modes.js'
import { timings } from './timings.js'

type Dependencies = Pick<ShopContainer['cradle'], 'dashboard' | 'databaseName' | 'stopwatch'>

export const dashboards = createController(
  ({ dashboard, databaseName, stopwatch }: Dependencies) => ({
    async show(req: Request, res: Response) {
      const userId = userIdFrom(req.params['userId'])
      if (userId === undefined) return refuse(res, 400, 'The user id must be a whole number.')
      const mode = req.query['mode'] ?? 'parallel'
      if (!isMode(mode)) return refuse(res, 400, `The mode must be one of: ${modes.join(', ')}.`)

      const database = await databaseName
      try {
        const { orders, logs, stats } = await dashboard[mode](userId)
        if (!stats) return refuse(res, 404, `There is no user ${userId}.`)
        res.json({
          mode,
          database,
          ...timings(stopwatch),
          data: { userId, ...stats, orders, logs },
        })
      } catch (error) {
        if (!(error instanceof MayflyError)) throw error
        const { name, code, message } = error
        await stopwatch.stopped()
        res
          .status(500)
          .json({ mode, database, ...timings(stopwatch), error: { name, code, message } })
      }
    },
  }),
)
  .prefix('/dashboard')
  .get('/:userId', 'show')

function userIdFrom(text: unknown): number | undefined {
  const userId = typeof text === 'string' && /^\d+$/.test(text) ? Number(text) : NaN
  return Number.isSafeInteger(userId) ? userId : undefined
}

function refuse(res: Response, status: number, message: string): void {
  res.status(status).json({ error: { message } })
}
