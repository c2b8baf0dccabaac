// A small company with a person for every built-in role (CONTRACT 4), departments two levels deep.
//
//   HQ 总部
//   ├── SALES 销售部         dept_head (department_head)
//   │   ├── SALES_EAST 华东组   manager (sales_manager), rep, rep2 (sales_rep)
//   │   └── SALES_WEST 西南组   west_manager (sales_manager), west_rep (sales_rep)
//   ├── SERVICE 客服部        service_manager, agent (service_agent)
//   └── MARKETING 市场部      marketer (marketing)
//   in HQ: boss (management), sysadmin, secadmin, auditor1
import { sleep } from './program.mjs';

const departments = [
  { code: 'HQ', name: '总部' },
  { code: 'SALES', name: '销售部', parent: 'HQ' },
  { code: 'SALES_EAST', name: '华东组', parent: 'SALES' },
  { code: 'SALES_WEST', name: '西南组', parent: 'SALES' },
  { code: 'SERVICE', name: '客服部', parent: 'HQ' },
  { code: 'MARKETING', name: '市场部', parent: 'HQ' },
];

const people = [
  ['boss', '钱总', 'HQ', 'management', null],
  ['sysadmin', '孙系统', 'HQ', 'system_admin', null],
  ['secadmin', '李安全', 'HQ', 'security_admin', null],
  ['auditor1', '周审计', 'HQ', 'auditor', null],
  ['dept_head', '吴部长', 'SALES', 'department_head', 'boss'],
  ['manager', '郑经理', 'SALES_EAST', 'sales_manager', 'dept_head'],
  ['west_manager', '王经理', 'SALES_WEST', 'sales_manager', 'dept_head'],
  ['rep', '冯销售', 'SALES_EAST', 'sales_rep', 'manager'],
  ['rep2', '陈销售', 'SALES_EAST', 'sales_rep', 'manager'],
  ['west_rep', '褚销售', 'SALES_WEST', 'sales_rep', 'west_manager'],
  ['service_manager', '卫主管', 'SERVICE', 'service_manager', 'boss'],
  ['agent', '蒋客服', 'SERVICE', 'service_agent', 'service_manager'],
  ['marketer', '沈市场', 'MARKETING', 'marketing', 'boss'],
];

export const passwordOf = (login) => `Guest-${[...login].reverse().join('')}-2026`;

/** What `zhike user import` takes. */
export function companyFile() {
  return {
    departments,
    users: people.map(([login, name, department, role, manager]) => ({
      login, name, department, roles: [role], password: passwordOf(login), must_change: false,
      ...(manager ? { manager } : {}),
    })),
  };
}

/**
 * The signed-in people of the company on a running server: by login and by role, e.g.
 *   const { rep, manager, as } = await makeCompany(server);      as.sales_rep === rep
 * only: the logins wanted; signing in costs a password hash each.
 */
export async function makeCompany(server, { only = people.map(([login]) => login) } = {}) {
  if (!server.hasCompany) {
    await server.importUsers(companyFile());
    server.hasCompany = true;
    await sleep(1100); // a running server sees the change within a second
  }
  const company = { as: {}, admin: await server.admin() };
  // one address may have so many sign-ins under way at once (login.address_parallel)
  const wanted = people.filter(([login]) => only.includes(login));
  for (let i = 0; i < wanted.length; i += 4)
    await Promise.all(wanted.slice(i, i + 4).map(async ([login, , , role]) => {
      company[login] = await server.login(login, passwordOf(login));
      company[login].role = role;
    }));
  for (const [login, , , role] of people)
    if (company[login]) company.as[role] ??= company[login];
  return company;
}
