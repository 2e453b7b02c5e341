/** Made by scripts/summaries.mjs from the doc comments of the routes; do not edit. */
export const summaries: Readonly<Record<string, string>> = {
  'applications.list': 'Lists applications, newest first.',
  'applications.create': 'Creates an application. The secret is shown this once.',
  'applications.get': 'Reads one application, by id or client id.',
  'applications.update':
    'Changes an application by JSON merge patch (RFC 7396). One that becomes public loses its secrets; one that ceases to be public has none until `rotate-secret` makes it.',
  'applications.delete': 'Deletes an application; its tokens are refused from then on.',
  'applications.disable': 'Disables an application: no new tokens, and those that are out are refused.',
  'applications.enable': 'Enables a disabled application.',
  'applications.grantUser': 'Lets a user use an application. Granting it again changes nothing.',
  'applications.revokeUser': 'Takes an application from a user. Taking one that was not granted changes nothing.',
  'applications.listUsers': 'Lists the users who are granted an application, the newest user first.',
  'applications.rotateSecret': 'Makes a new secret, shown this once; the previous one works until `expires_at`.',
  'applications.listSecrets': 'Lists the secrets of an application, without their text.',
  'applications.revokeSecret': 'Ends a secret at once.',
  'audit.list': 'Lists events, newest first unless `order` is `asc`.',
  'audit.get': 'Reads one event.',
  'audit.stream':
    'Streams events, oldest first, as NDJSON over one connection. Resume from any event’s id; `live` goes on as events come.',
  'authenticationMethods.list': 'Lists the authentication methods of a user, newest first.',
  'authenticationMethods.create': 'Adds an authentication method to a user. The secret of a `totp` is shown this once.',
  'authenticationMethods.replaceAll':
    'Replaces all authentication methods of a user, the recovery code included, by the given ones.',
  'authenticationMethods.deleteAll': 'Removes all authentication methods of a user, the recovery code included.',
  'authenticationMethods.get': 'Reads one authentication method of a user.',
  'authenticationMethods.update':
    'Changes the name of an authentication method, or how a phone is reached, by JSON merge patch (RFC 7396).',
  'authenticationMethods.delete': 'Removes an authentication method of a user.',
  'authenticationMethods.verify':
    'Checks a code of a `totp` or the recovery code. A code is right once; the first right one confirms a `totp`.',
  'authenticationMethods.regenerateRecoveryCode':
    'Makes a new recovery code for a user, in place of an earlier one. It is shown this once and works once.',
  'clientGrants.list': 'Lists client grants, newest first.',
  'clientGrants.create':
    'Grants an application scopes of an API. For the Auth0 Management API the caller must hold what it grants.',
  'clientGrants.update': 'Replaces the scopes of a client grant; takes effect at once, also for tokens that are out.',
  'clientGrants.delete':
    'Deletes a client grant. With the one for the Auth0 Management API the application also loses its own `scopes`: no management access is left.',
  'connections.list': 'Lists connections, newest first.',
  'connections.create':
    'Creates a connection, of users with passwords unless a `strategy` is named, enabled for all applications unless some are named.',
  'connections.get': 'Reads one connection, by id or name.',
  'connections.update': 'Changes a connection by JSON merge patch (RFC 7396).',
  'connections.delete':
    'Deletes a connection that is nobody’s home and no application’s pool. The default connection stays.',
  'customFields.list': 'Lists the definitions of custom fields, newest first.',
  'customFields.create': 'Defines a custom field.',
  'customFields.get': 'Reads one definition, by id, by the key of a field of users, or by `target.key`.',
  'customFields.update':
    'Changes a definition by JSON merge patch (RFC 7396). Its key stays; its type, and an option of a `select`, change as long as no user has a value that would no longer be one.',
  'customFields.delete':
    'Deletes a definition with all values of it. The values go in batches: cut off, it is called again.',
  'deviceCredentials.list': 'Lists the device credentials of a tenant, newest first. Several filters are an "and".',
  'deviceCredentials.create': 'Registers the public key of a device.',
  'deviceCredentials.delete':
    'Deletes a device credential. That of a refresh token ends its session, with all tokens of it.',
  'groups.list': 'Lists groups, newest first.',
  'groups.create': 'Creates a group. Without a `code` its id is the code.',
  'groups.get': 'Reads one group.',
  'groups.update': 'Changes a group by JSON merge patch (RFC 7396).',
  'groups.delete': 'Deletes a group; its members stay in the directory.',
  'groups.addMember': 'Adds a user to a group. Adding a member again changes nothing.',
  'groups.removeMember': 'Takes a user out of a group. Taking out a user who is no member changes nothing.',
  'groups.listMembers': 'Lists the members of a group, the newest user first.',
  'groups.listForUser': 'Lists the groups that a user belongs to.',
  'identities.list': 'Lists the identities of a user.',
  'identities.link':
    'Makes another user’s account an identity of this user. The other user stops existing, its roles, memberships and second factors end, and its password signs in as this user from now on.',
  'identities.unlink':
    'Takes a linked identity off a user: the account is a user of its own again, under its old id, with its old password.',
  'invitations.list': 'Lists invitations, newest first.',
  'invitations.create': 'Invites an e-mail address; the link is mailed and works once.',
  'invitations.get': 'Reads one invitation.',
  'invitations.revoke': 'Revokes a pending invitation: its link is dead at once.',
  'invitations.resend': 'Mails a fresh link; the earlier one is dead. The time to accept begins anew.',
  'jobs.list': 'Lists jobs, newest first.',
  'jobs.get': 'Reads one job.',
  'jobs.errors': 'Lists the failed rows of a job in the order of the file.',
  'jobs.createExport':
    'Starts an export of users in the background: the job names the link to a gzipped file when it has ended.',
  'mails.list': 'Lists mails, newest first.',
  'mails.retry': 'Puts a failed mail back into the out-box.',
  'mails.getProvider': 'Reads the mail provider of the tenant; its keys and passwords are never shown.',
  'mails.createProvider':
    'Sets up the tenant’s mail provider. `smtp`, `sendgrid`, `mandrill`, `sparkpost` and `resend` send its mails; the others are kept.',
  'mails.updateProvider':
    'Changes the mail provider by JSON merge patch (RFC 7396). Another `name` takes new `credentials`.',
  'mails.deleteProvider': 'Forgets the mail provider; mails go the server’s own way again.',
  'organizations.list': 'Lists organizations, newest first unless sorted otherwise.',
  'organizations.create': 'Creates an organization.',
  'organizations.get': 'Reads one organization, by id or name.',
  'organizations.update': 'Changes an organization by JSON merge patch (RFC 7396). A new owner becomes a member.',
  'organizations.delete': 'Deletes an organization; its members stay in the directory.',
  'organizations.addMember': 'Makes a user a member, or replaces the roles of one who is.',
  'organizations.removeMember': 'Ends a membership. Ending none changes nothing.',
  'organizations.listMembers': 'Lists the members of an organization, the newest user first.',
  'organizations.listForUser': 'Lists the organizations that a user is a member of.',
  'pools.list': 'Lists pools in the order of their names.',
  'pools.getForUser': 'Names the pools that a user belongs to.',
  'pools.setUserHome':
    'Moves a user to another home, with the same id, password and sessions; the old one does not become a further pool. A pool that is named for the first time is made, a database connection that every application may use: that needs `connections:write`, too.',
  'pools.addUser':
    'Adds a user to a pool beside the home, by its id or name. Adding it again changes nothing. A pool that is named for the first time is made, as for `setUserHome`. One called `home` is named by its id here.',
  'pools.removeUser':
    'Takes a user out of a pool, by its id or name; the home stays. Taking out a user who is not in it changes nothing.',
  'resourceNamespaces.list': 'Lists namespaces, newest first.',
  'resourceNamespaces.create': 'Creates a namespace. Its code stays as it is.',
  'resourceNamespaces.get': 'Reads one namespace, by id or code.',
  'resourceNamespaces.update': 'Changes a namespace by JSON merge patch (RFC 7396).',
  'resourceNamespaces.delete':
    'Deletes a namespace with its resources and their grants; the one called `default` stays. Roles of its name stay, too.',
  'resourceServers.list': 'Lists resource servers, newest first.',
  'resourceServers.create': 'Creates a resource server. Its identifier stays as it is.',
  'resourceServers.get': 'Reads one resource server, by id or identifier.',
  'resourceServers.update':
    'Changes a resource server by JSON merge patch (RFC 7396). `scopes` is replaced as a whole: with a scope go the permissions and the grants of it.',
  'resourceServers.delete':
    'Deletes a resource server with its permissions and grants; its tokens are refused from then on.',
  'resources.list': 'Lists resources, newest first.',
  'resources.create': 'Creates a resource. Its namespace and code stay as they are.',
  'resources.get': 'Reads one resource.',
  'resources.update':
    'Changes a resource by JSON merge patch (RFC 7396). `actions` is replaced as a whole: with an action go the grants of it.',
  'resources.delete': 'Deletes a resource with its grants.',
  'resources.authorize':
    'Grants actions on resources to users, roles, groups or organizations. What a subject has already stays; again changes nothing.',
  'resources.revoke':
    'Takes actions on resources from users, roles, groups or organizations. Taking what is not granted changes nothing.',
  'resources.listGrants':
    'Lists grants by resource: those of a resource, of a subject, or all. Several filters are an "and".',
  'revokedTokens.list': 'Lists the revoked tokens of a tenant, in the order of `jti`.',
  'revokedTokens.create':
    'Revokes an access token: it is refused from then on, in every API. Doing so again changes nothing.',
  'roles.list': 'Lists roles, newest first.',
  'roles.create': 'Creates a role.',
  'roles.get': 'Reads one role.',
  'roles.update': 'Changes a role by JSON merge patch (RFC 7396).',
  'roles.delete': 'Deletes a role; whoever held it holds it no longer.',
  'roles.addMember': 'Gives a role to a user. Giving it again changes nothing.',
  'roles.removeMember': 'Takes a role from a user. Taking one that the user does not hold changes nothing.',
  'roles.listMembers': 'Lists the users who hold a role, the newest user first.',
  'roles.listPermissions': 'Lists the permissions that a role holds.',
  'roles.addPermissions': 'Gives permissions to a role. Giving one again changes nothing.',
  'roles.removePermissions': 'Takes permissions from a role. Taking one that it does not hold changes nothing.',
  'rules.list': 'Lists rules in the order in which they run.',
  'rules.create':
    'Creates a rule; without an `order` it runs last. A script that the sandbox can’t read is refused with its line.',
  'rules.get': 'Reads one rule.',
  'rules.update': 'Changes a rule by JSON merge patch (RFC 7396).',
  'rules.delete': 'Deletes a rule; from then on sign-ins go without it.',
  'sessions.listForUser': 'Lists the live sessions of a user, newest first.',
  'sessions.revoke': 'Ends a session: its refresh tokens die and its access tokens are refused at once.',
  'sessions.revokeAllForUser': 'Ends every session of a user, tokens included.',
  'stats.daily':
    'Counts sign-ins and new users by day (UTC), oldest first; days without any are told, too. At most 366 days.',
  'stats.activeUsers': 'Counts the users who have signed in during the last 30 days.',
  'tenants.current': 'Reads the tenant that the request’s host belongs to.',
  'tenants.updateCurrent': 'Changes the tenant that the request’s host belongs to, by JSON merge patch (RFC 7396).',
  'tenants.list': 'Lists all tenants; answered in the default tenant only.',
  'tenants.create':
    'Creates a tenant with its own management application, whose secret is shown this once; answered in the default tenant only.',
  'tenants.listKeys': 'Lists the signing keys of the tenant, the current one first.',
  'tenants.rotateKey': 'Makes a new signing key. The old one verifies until the tokens that it signed have expired.',
  'tenants.revokeKey': 'Ends a retiring signing key at once: tokens that it signed are refused.',
  'tickets.createEmailVerification': 'Makes a link that verifies the user’s e-mail address.',
  'tickets.createPasswordChange': 'Makes a link with which the person sets a new password, or confirms the given one.',
  'users.list': 'Lists users, newest first unless sorted otherwise; `search` finds what was just written.',
  'users.create':
    'Creates a user. Without a password the account is password-less until one is set through a reset link.',
  'users.get': 'Reads one user.',
  'users.update':
    'Changes a user by JSON merge patch (RFC 7396): null clears, metadata merges, an absent field stays. A new password ends all sessions.',
  'users.delete':
    'Deletes a user. The person is erased at once or after the tenant’s retention time; events keep only the id.',
  'users.erase':
    'Deletes a user and erases the person at once, whatever the tenant’s retention time; the reason stays in the audit log. Nobody erases themselves or the owner of an organization.',
  'users.deleteAll':
    'Deletes every user but administrators, where the tenant’s settings allow it. It goes in batches: cut off, it is called again.',
  'users.impersonate':
    'Makes a one-time link, good for five minutes, that ends at the application’s `redirect_uri` with a `code`, which `/oauth/token` exchanges for tokens of the user. They name who acts as the user, and so does every event that they cause.',
  'users.disable': 'Disables a user: no sign-in any more; sessions and refresh tokens die at once. The record stays.',
  'users.enable': 'Lets a disabled user sign in again; also lifts a lockout.',
  'users.unlock': 'Lifts a lockout after failed sign-ins, and forgets the failures. Without one nothing changes.',
  'users.resetPassword': 'Mails a one-time link with which the person sets a new password.',
  'users.forceMfaReset':
    'Removes every authentication factor of the user, and forgets the browsers that were remembered.',
  'users.forgetBrowsers': 'Forgets the browsers that a user had remembered: each is asked for a second factor again.',
  'users.sendVerification': 'Mails a link that verifies the user’s e-mail address.',
  'users.lookup': 'Resolves up to 200 ids and e-mail addresses at once; keys that name nobody are listed as missing.',
  'users.listRoles': 'Lists the roles that the user holds.',
  'users.listApplications': 'Lists the applications that are granted to the user.',
  'users.setRoles':
    'Replaces the set of roles that the user holds; takes effect at once, also for tokens that are out.',
  'users.listPermissions': 'Lists the permissions that a user holds, directly or through a role, each once.',
  'users.addPermissions': 'Gives permissions to a user directly. Giving one again changes nothing.',
  'users.removePermissions': 'Takes permissions that a user holds directly. What the user holds through a role stays.',
  'users.listAuthorizedResources':
    'Lists the resources that a user may use, each once with all of its actions: granted to the user, to a role that the user holds, to a group or to an organization that the user belongs to. A role that is held in an organization only counts there, not here.',
  'users.explain':
    'Tells whether a user may do something with a resource, and why: by which grants, and by which role, group or organization.',
  'users.bulkImport':
    'Imports users from a stream of NDJSON, a JSON array or CSV, written in batches while it arrives.',
  'users.exportAll':
    'Streams every user that the filter matches as NDJSON or CSV, oldest first; a trailer carries the row count and a SHA-256. In CSV the fields of `profile` are columns (`profile.locale`), metadata is JSON text, and an apostrophe stands before what a spreadsheet would take for a formula; an import takes it away again.',
};
