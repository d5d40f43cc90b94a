// What njs 1.0.2 has and njs-types 0.9.4 does not know yet.

interface NginxHTTPRequest {
  /** js_access only: no objection, the request goes on to the next access rule (njs >= 0.9.9). */
  decline(): void;
}

interface NjsGlobal {
  /** `njs` or `QuickJS` (njs >= 0.8.6). */
  readonly engine: string;
}

/** Of package.json; scripts/build.ts writes it into the bundle. */
declare const PHANTOM_TOKEN_VERSION: string;
