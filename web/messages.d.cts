// What vite.config.ts takes of messages.cjs.
export function uiMessages(lang: string): Record<string, string>;
