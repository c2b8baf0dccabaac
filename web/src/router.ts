// Routes. The list and the shell are in the first bundle, everything else comes when it is opened.
import { createRouter, createWebHistory, type Router } from 'vue-router';
import { followPlaces } from './core/places';
import { boot, me, type Me } from './core/session';
import { fail } from './ui/notify';
import Shell from './shell/Shell.vue';
import ListPage from './views/list/ListPage.vue';
import { anyDirty, mayLeave } from './views/form/guard';

/** Set by sign-in: without it there is no session to ask for, and no 401 to stand in the console. */
export const signedInHint = {
  get: () => { try { return localStorage.getItem('zk.in') === '1'; } catch { return true; } },
  set: (on: boolean) => { try { if (on) localStorage.setItem('zk.in', '1'); else localStorage.removeItem('zk.in'); } catch { /* forbidden */ } },
};

export function makeRouter(): Router {
  const router = createRouter({
    history: createWebHistory(),
    scrollBehavior: (_to, _from, saved) => saved ?? { top: 0 },
    routes: [
      { path: '/login', name: 'login', component: () => import('./views/login/LoginPage.vue'), meta: { open: true } },
      { path: '/password', name: 'password', component: () => import('./views/login/PasswordPage.vue'), meta: { open: true, always: true } },
      { path: '/first', name: 'first', component: () => import('./views/login/PasswordPage.vue') },
      { path: '/approve', name: 'approve', component: () => import('./views/approvals/MailPage.vue'), meta: { open: true, always: true } },
      {
        path: '/', component: Shell, children: [
          { path: '', name: 'home', component: () => import('./views/home/HomePage.vue') },
          { path: 'e/:plural', name: 'list', component: ListPage, children: [
            { path: 'new', name: 'new', component: () => import('./views/form/NewRoute.vue') },
          ] },
          { path: 'e/:plural/merge', name: 'merge', component: () => import('./views/merge/MergePage.vue') },
          { path: 'e/change-requests/:id(\\d+)', redirect: (to) => ({ path: '/approvals', query: { open: String(to.params.id) } }) },
          { path: 'e/:plural/:id(\\d+)', name: 'detail', component: () => import('./views/detail/DetailPage.vue') },
          { path: 'tasks', name: 'my-tasks', component: () => import('./views/tasks/TasksPage.vue') },
          { path: 'approvals', name: 'approvals', component: () => import('./views/approvals/ApprovalsPage.vue') },
          { path: 'calendar', name: 'calendar', component: () => import('./views/calendar/CalendarPage.vue') },
          { path: 'figures', name: 'figures', component: () => import('./views/figures/DashboardPage.vue') },
          { path: 'figures/metrics', name: 'metrics', component: () => import('./views/figures/MetricsPage.vue') },
          { path: 'import', name: 'import', component: () => import('./views/import/ImportPage.vue') },
          { path: 'jobs', name: 'jobs', component: () => import('./views/jobs/JobsPage.vue') },
          { path: 'bin', name: 'bin', component: () => import('./views/bin/BinPage.vue') },
          { path: 'notifications', name: 'notices', component: () => import('./views/notices/NoticesPage.vue') },
          { path: 'me', name: 'me', component: () => import('./views/me/MePage.vue') },
          { path: 'admin/settings', name: 'settings', component: () => import('./admin/SettingsPage.vue') },
          { path: 'admin/configuration', name: 'configuration', component: () => import('./admin/configuration/ConfigurationPage.vue') },
          { path: 'admin/fields', name: 'fields', component: () => import('./admin/FieldsPage.vue') },
          { path: 'admin/layouts', name: 'layouts', component: () => import('./admin/LayoutsPage.vue') },
          { path: 'admin/print', name: 'print-templates', component: () => import('./admin/print/PrintTemplatesPage.vue') },
          { path: 'admin/rules', name: 'rules', component: () => import('./admin/rules/RulesPage.vue') },
          { path: 'admin/flows', name: 'flows', component: () => import('./admin/flows/FlowsPage.vue') },
          { path: 'e/approval-flows', redirect: '/admin/flows' },
          { path: 'admin/dictionary', name: 'dictionary', component: () => import('./admin/DictionaryPage.vue') },
          { path: 'admin/audit', name: 'audit', component: () => import('./admin/AuditPage.vue') },
          { path: 'admin/users', name: 'users', component: ListPage, props: { plural: 'users' }, children: [
            { path: 'new', name: 'users-new', component: () => import('./views/form/NewRoute.vue') }] },
          { path: 'admin/departments', name: 'departments', component: ListPage, props: { plural: 'departments' }, children: [
            { path: 'new', name: 'departments-new', component: () => import('./views/form/NewRoute.vue') }] },
          { path: 'admin/roles', name: 'roles', component: () => import('./admin/RolesPage.vue') },
          { path: ':rest(.*)*', name: 'lost', component: () => import('./views/home/LostPage.vue') },
        ],
      },
    ],
  });
  followPlaces(router);
  router.beforeEach(async (to, from) => {
    if (to.path !== from.path && anyDirty() && !(await mayLeave())) return false;
    if (to.meta.open) return me.value && !to.meta.always ? { path: '/' } : true;
    const next = ['/', '/first'].includes(to.fullPath) ? {} : { next: to.fullPath };
    if (!me.value && (!signedInHint.get() || !(await boot()))) {
      signedInHint.set(false);
      return { path: '/login', query: next };
    }
    const now = me.value as Me | null;
    if (now?.must_change_password) return to.name === 'first' || { path: '/first', query: next };
    if (to.name === 'first') return { path: '/' };
    return now?.factor_due && to.name !== 'me' ? { path: '/me', hash: '#factor' } : true;
  });
  router.onError((error: unknown, to) => {
    // A chunk of an older version is gone after an upgrade: load the page anew, once.
    if (String(error).includes('dynamically imported') && sessionStorage.getItem('zk.reloaded') !== to.fullPath) {
      sessionStorage.setItem('zk.reloaded', to.fullPath);
      location.assign(to.fullPath);
    } else fail(error);
  });
  return router;
}
