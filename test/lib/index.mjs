// What most API tests import. Browser helpers are apart (browser.mjs), because they need npm packages.
export { startServer, Server } from './server.mjs';
export { Client } from './client.mjs';
export { makeCompany, companyFile, passwordOf } from './company.mjs';
export { psql, createDatabase } from './postgres.mjs';
export { cli, cliOk, root, program, slow, defaultEngine, sleep, tick, until, whileItRuns, temporaryFolder } from './program.mjs';
