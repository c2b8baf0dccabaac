// Processor time, read from the system: of a process, and of all that a PostgreSQL on this machine has used. Ticks of 10 ms.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

const stat = (pid) => { try { return readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' '); } catch { return null; } };
/** ms of the process, in its own code and the kernel's. */
export const cpuMs = (pid) => stat(pid).slice(11, 13).reduce((a, b) => a + Number(b), 0) * 10;

/** ms of the postmaster, its processes and those that have ended (workers of a query do), since it began; nothing else may use it meanwhile. */
export function postgresCpu(url) {
  const dir = execFileSync('psql', ['-X', '-At', '-d', url, '-c', 'SHOW data_directory'], { encoding: 'utf8' }).trim();
  const master = readFileSync(`${dir}/postmaster.pid`, 'utf8').split('\n')[0];
  if (!stat(master)) throw new Error('the PostgreSQL is not on this machine');
  return () => {
    let ticks = stat(master).slice(11, 15).reduce((a, b) => a + Number(b), 0); // its children that have ended, too
    for (const pid of readdirSync('/proc')) {
      const f = /^\d+$/.test(pid) ? stat(pid) : null;
      if (f && f[1] === master) ticks += Number(f[11]) + Number(f[12]);
    }
    return ticks * 10;
  };
}
