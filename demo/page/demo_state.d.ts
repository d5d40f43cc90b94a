// What demo/control.ts tells the page.

/** What the page shows and does not learn from its requests. It does not change while the demo runs. */
export interface Facts {
  readonly nginxVersion: string;
  readonly njsVersion: string;
  /** What the authorization server answers to an introspection. */
  readonly server: 'jwt' | 'json' | 'rfc9701';
  /** Seconds for which a record of the called location is served, and how much longer while nobody answers. */
  readonly cacheTtlSec: number;
  readonly staleSec: number;
  /** Blocks of demo/nginx.conf, without what is indented in common. */
  readonly locations: Readonly<Record<'called' | 'purge' | 'introspect', string>>;
}

/** What changes while the demo runs. */
export interface DemoState {
  /** False while the walk in the terminal counts requests, which a click would disturb. */
  readonly ready: boolean;
  readonly authorizationServer: 'up' | 'down';
  /** Counts since the demo's start. */
  readonly introspections: number;
  readonly apiRequests: number;
}
