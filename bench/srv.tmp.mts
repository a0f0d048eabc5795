import { startMysqlServer } from '/work/main/test/support/mysql-server.js'
import { createSchema } from '/work/main/bench/schema.js'
import { createConnection } from 'mysql2/promise'
const s = await startMysqlServer()
const c = await createConnection(s.url); await c.query('create database bench'); await c.end()
const url = s.url.replace(/\/$/, '') + '/bench'
await createSchema(url)
console.log(url)
setInterval(() => {}, 1e6)
