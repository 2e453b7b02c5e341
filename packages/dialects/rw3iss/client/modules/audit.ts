/** What happened, and who is signed in where. */
import type { AuditPage, Session } from '../models.ts';
import { path } from '../wire.ts';
import type { Parts } from './auth.ts';

export interface AuditFilter {
  /** Whole, or its beginning with `.*`: `login.*`. */
  readonly action?: string | undefined;
  /** Who did it. */
  readonly userId?: string | undefined;
  readonly organizationId?: string | undefined;
  /** RFC 3339; from then on. */
  readonly since?: string | undefined;
  /** RFC 3339; before then. */
  readonly until?: string | undefined;
  /** From 1. */
  readonly page?: number | undefined;
  /** 50 if not given, 200 at most. */
  readonly pageSize?: number | undefined;
}

export const auditOf = ({ wire }: Parts) => ({
  /** A page of the audit log, newest first. */
  list(filter: AuditFilter = {}): Promise<AuditPage> {
    const { action, userId, organizationId, since, until, page, pageSize } = filter;
    const ids = { action, user_id: userId, organization_id: organizationId };
    return wire.get('/admin/audit-log', { ...ids, since, until, page, page_size: pageSize });
  },
});
export type AuditModule = ReturnType<typeof auditOf>;

export const sessionsOf = ({ wire }: Parts) => ({
  /** One's own sessions. */
  list: (): Promise<Session[]> => wire.get('/auth/sessions'),

  terminate: async (sessionId: string): Promise<void> => wire.command('DELETE', path`/auth/sessions/${{ sessionId }}`),
});
export type SessionsModule = ReturnType<typeof sessionsOf>;
