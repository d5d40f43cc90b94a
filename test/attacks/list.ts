// The attacks and faults that the gateway has to stand. docs/attacks.md is generated from this list and the tests' titles.
// A number is never given twice, and never taken away: titles and comments name it.

/** What is done, and what must hold all the same; then, where no test is possible, why. */
export type Attack = readonly [number: number, sentence: string, notApplicable?: string];

export interface AttackGroup {
  readonly title: string;
  readonly attacks: readonly Attack[];
}

/** Attacks that apply and that no test holds yet. May only become fewer. */
export const WITHOUT_TEST: readonly number[] = [];

export const ATTACK_GROUPS: readonly AttackGroup[] = [
  {
    title: 'What the client sends',
    attacks: [
      [
        1,
        'A request has two Authorization headers, or two credentials in one; it is refused and nobody picks one of them.',
      ],
      [2, 'The scheme is written `bearer` or `BEARER`; it means the same and finds the same record.'],
      [
        3,
        'The scheme only begins like Bearer (`BearerX abc`), or the token is glued to it (`Bearerabc`); that is another scheme, so 401.',
      ],
      [
        4,
        'A bearer credential hides behind another scheme (`Basic x, Bearer abc`); only the beginning of the header counts.',
      ],
      [
        5,
        'Tabs, spaces inside the token or behind it; the token is refused and never pieced together from what is left.',
      ],
      [
        6,
        'The token holds characters outside the grammar of RFC 6750; it is refused before anybody is asked.',
      ],
      [
        7,
        'Two different bytes outside ASCII look the same to the script; neither is a token, so they cannot share a record.',
      ],
      [
        8,
        'Control characters, a NUL or a line break stand in the token; it is refused before anybody is asked.',
      ],
      [9, 'A header line ends with one carriage return too many; the token is read without it.'],
      [
        10,
        'The token is very long; above 4096 characters it is refused, and the authorization server is not asked.',
      ],
      [
        11,
        'No token at all: no header, an empty one, or the scheme alone; 401 with a challenge that carries no error code.',
      ],
      [12, 'The token is in the query or in a form field; that is no credential.'],
      [
        13,
        "The client sends headers that are named like the script's variables, or spelt so that they become such names; they set nothing.",
      ],
      [
        14,
        'A token that belongs to one key or certificate is stolen and sent as an ordinary Bearer token; it is refused.',
      ],
      [15, 'The client sends a JWT that it made itself; it is introspected like any token.'],
    ],
  },
  {
    title: 'The question to the authorization server',
    attacks: [
      [
        16,
        'The token, an id or a secret contains form syntax (`x&client_id=y`), to add fields to the question; it stays one value.',
      ],
      [
        17,
        'The token, or a secret, would be part of a URL and so of access logs; the question is a POST with all of it in the body, and an endpoint with a query is refused.',
      ],
      [
        18,
        "The client's cookies, conditions, ranges and other headers would go to the authorization server; it gets those of the gateway only.",
      ],
      [
        19,
        "The client's request body would be sent in place of the question; it is not, whatever its method.",
      ],
      [20, 'A password sent as `Basic` would be introspected as if it were a token; only Bearer is.'],
      [
        21,
        'Host or path of the request choose whom the gateway asks; the endpoint is what nginx.conf says, and takes no variable as host.',
      ],
      [
        22,
        'Somebody else answers in place of the authorization server; its certificate must lead to the CA that was named and carry its name, or the token is not sent.',
      ],
      [
        23,
        "The gateway's own credentials are wrong and the server says 401; that is the operator's 502, not the client's 401, and nothing is remembered.",
      ],
      [
        24,
        'The authorization server fails again and again, and each request asks it more often; one retry at most, and none after an answer.',
      ],
      [
        25,
        'A connection that was kept open closes just as the question is sent; the question is sent once more, on another one.',
      ],
      [
        26,
        'The authorization server says 429, or 503; the client gets 503 with its Retry-After, and nothing is stored.',
      ],
    ],
  },
  {
    title: 'Its answer',
    attacks: [
      [27, '`active` is `"true"`, `1` or the like; only the boolean counts, everything else is 502.'],
      [28, '`active` is missing, or the answer is no object; 502, and it is neither yes nor no.'],
      [29, '`active` stands in the answer twice; every engine takes the last one.'],
      [
        30,
        'A `__proto__` member tries to lend the answer members that it has not; only its own members count.',
      ],
      [31, 'The JSON is nested without end; it is a malformed answer, and the worker lives.'],
      [32, 'The JSON is broken: a byte order mark, text behind it, control characters; 502.'],
      [33, 'A login page or an error page comes with status 200; another media type is 502.'],
      [34, 'The answer is empty; 204 says that the token is not active, an empty 200 is 502.'],
      [35, 'The answer is compressed although that was not asked for; 502.'],
      [
        36,
        'The connection ends before the announced length, which nginx passes on as a whole answer; the length is compared, 502.',
      ],
      [
        37,
        'A JWT is cut off where no length was announced; its signature is too short for its algorithm, 502.',
      ],
      [38, 'The answer is larger than all limits; nothing of it is used, and other requests are served.'],
      [39, 'The answer has two lengths, or a length and chunks; it is refused.'],
      [
        40,
        'The answer is a row of chunks without an end; it is given up at the limit of its size, and others are served.',
      ],
      [41, 'The authorization server redirects; nobody follows, 502.'],
      [
        42,
        'The answer tells nginx to serve an internal location (`X-Accel-Redirect`) or to change how it passes data on; ignored.',
      ],
      [
        43,
        'The answer comes byte by byte, each in time for the timeout; over a URL it ends with the total time, over a location it counts only when it is whole, and those who wait for it do not wait longer than they may.',
      ],
      [
        44,
        'The authorization server hangs, refuses, resets or half closes; 502 or 504 within the time that was set.',
      ],
      [45, 'The answer says active although `exp` is past; the token is refused.'],
      [46, 'The answer has no `exp`; the token is kept for the time of the setting, not without end.'],
      [
        47,
        '`exp` or a lifetime is a text, NaN, infinite, negative or beyond all dates; it never becomes a record without an end.',
      ],
      [48, 'The token is not valid yet (`nbf`, `iat`); it is refused until then, less the clock skew.'],
      [49, 'The clocks differ; the skew that is allowed never makes a token live longer.'],
      [
        50,
        'The token is for another API or from another issuer; where these are set, one that is absent or different is refused.',
      ],
      [51, 'A refresh token or an ID token is sent, and the server calls it active; it is refused.'],
      [52, 'A scope is part of another word (`read` in `readonly`); only whole words count.'],
      [53, 'The JWT has no signature (`alg` none); 502, and it is not forwarded.'],
      [
        54,
        'The answer is a signed introspection response (RFC 9701), which an API could take for an access token; it is not forwarded.',
      ],
      [55, 'The answer is no UTF-8; what is not the alphabet of a JWT is refused.'],
      [56, 'The answer forbids or limits caching in any spelling of Cache-Control; it is obeyed.'],
    ],
  },
  {
    title: 'The cache',
    attacks: [
      [
        57,
        'A token that is in the cache goes to a location that asks for more scopes, another audience or issuer; the location decides anew on each hit, also where settings come from the path.',
      ],
      [
        58,
        'A token of one server, tenant or authorization server is used at another; they never share a record.',
      ],
      [
        59,
        'Values are chosen so that two different sets of them, joined, are the same key; line breaks are refused, so they are not.',
      ],
      [60, 'A key is empty or missing, so that all tokens would share one record; it never is.'],
      [
        61,
        'Somebody reads keys, memory or files; no key holds a token, and no zone writes its records to a file.',
      ],
      [
        62,
        'A token is revoked and used on; it is served for the time of the setting at most, a purge ends it at once for all workers, and nothing prolongs a record.',
      ],
      [
        63,
        'A token is sent all the time, to keep its record alive; a hit does not move the end of a record.',
      ],
      [64, 'A record is past its end, but still there; its end is compared on every hit.'],
      [
        65,
        'The authorization server is down; records past their end are served only where that was set, and never beyond `exp`.',
      ],
      [
        66,
        'A token was rejected a moment too early; the rejection is remembered for some seconds, and by no location longer than its own.',
      ],
      [67, 'The authorization server failed; the failure is never remembered as a rejection.'],
      [
        68,
        'Random tokens fill the cache; rejections are in a zone of their own and push out no active token.',
      ],
      [
        69,
        'Tokens on which the authorization server fails are sent to stop all questions; failures count by token and endpoint, and only those without any answer.',
      ],
      [70, 'Many requests come with one new token, or at the end of its record; one question is asked.'],
      [71, 'Many tokens were stored at the same moment; their records do not all end at the same moment.'],
      [
        72,
        'The request that asks for all the others is lost; another one takes over in time, and nobody waits without end.',
      ],
      [73, 'The zone is full; the token is served uncached, and no request fails for it.'],
      [74, 'A very large record would push out many small ones; it is served uncached.'],
      [
        75,
        'A full zone drops what ends next, so somebody with many tokens pushes out those of others; these are asked for again, and what must not be lost is in zones that drop nothing.',
      ],
      [
        76,
        'A counter in shared memory goes on with its old number after its end.',
        'the gateway counts only its metrics with `incr()`, in entries that have no end.',
      ],
      [77, 'A record in memory is broken or of another kind; it grants nothing.'],
      [78, 'The clock is set back, or expired entries come to life again; the end in the record decides.'],
      [
        79,
        'An operation on shared memory crashes workers in an older njs; the gateway does not use it there.',
      ],
      [
        80,
        'A worker is killed at the very moment when it holds the lock of a zone; njs does not free it, so no request is answered until nginx is restarted, and none gets through, as docs/security.md says.',
      ],
      [81, 'A state file of a zone is corrupt, and nginx does not start; no zone has such a file.'],
      [
        82,
        'Something of one request is seen by the next one, since an engine keeps its memory; nothing that belongs to a request is kept there.',
      ],
    ],
  },
  {
    title: 'Locations and phases of nginx',
    attacks: [
      [
        83,
        '`return` and `rewrite` in a protected location answer before access control; the documentation says so, and nginx does so.',
      ],
      [
        84,
        'A location has access control without the settings of its own, or no include at all; the first answers 500, the second is what the documentation warns of.',
      ],
      [
        85,
        'A nested location switches access control off by nginx’s own directives; it is open then, and forwards no token of the gateway’s.',
      ],
      [
        86,
        'nginx.conf names a function that the script has not; nginx starts all the same, and each request is 500.',
      ],
      [
        87,
        '`error_page 401` of a protected location leads to an unprotected one that proxies; closed in access mode and below the include, open above it in auth_request mode, as documented.',
      ],
      [
        88,
        '`error_page 401 =200` of the server would turn the refusal of the authorization subrequest into a permission; it does not.',
      ],
      [
        89,
        '`proxy_intercept_errors` of the server would put another answer in place of the authorization server’s; the introspection location switches it off.',
      ],
      [
        90,
        '`satisfy any` lets an address in without a token; not in access mode, in auth_request mode as documented.',
      ],
      [
        91,
        'A protected location is reached by a subrequest (SSI, mirror), which nginx does not check; documented, and no token of the client’s goes with it.',
      ],
      [
        92,
        'A request gets into a protected location by a redirect inside nginx, or takes marks of another location along; it is decided anew there.',
      ],
      [
        93,
        'A JWT that one location obtained is still there in the next one; each begins without, and looks up its own.',
      ],
      [94, 'A client calls the introspection location itself; 404.'],
      [
        95,
        "An API sends the request on to the introspection location by `X-Accel-Redirect`, to use the gateway's credentials; 404.",
      ],
      [
        96,
        'A `map` that was evaluated for the introspection gives its value to the main request; the texts of settings are made anew.',
      ],
      [
        97,
        'A path is spelt so that nginx and the API read it in two ways; scopes are those of the location that nginx chose, and the examples refuse such paths.',
      ],
      [
        98,
        'OPTIONS, or what looks like a CORS preflight, is used to get around; only a real preflight without a token is answered without one, and by the gateway itself.',
      ],
      [99, 'HEAD, unknown methods and others are used to get around; every method is authenticated.'],
      [100, 'A header of the request claims that no token is needed; no header does that.'],
      [101, 'A setting is missing, misspelt or malformed; the location is closed with 500, never open.'],
      [
        102,
        '`proxy_cache` keeps the answer to one token and gives it to the next; the introspection location switches it off, and for protected locations the documentation warns of it.',
      ],
    ],
  },
  {
    title: 'Answers, headers and logs',
    attacks: [
      [
        103,
        'A JWT, or another value that becomes a header, contains a line break; it is refused before it gets there.',
      ],
      [
        104,
        'A setting, or a header of the authorization server, would break the line of a header or a metric; it cannot.',
      ],
      [105, 'A 401 comes without a challenge, in auth_request mode above all; every 401 has one.'],
      [
        106,
        "The client's own Authorization reaches the API where the gateway sends none; it is removed then.",
      ],
      [107, 'The opaque token reaches the API, whatever the protocol; it does not.'],
      [108, 'A token, JWT or secret gets into a log; none does, whatever fails.'],
      [109, 'An error body tells how things are inside; bodies are fixed texts.'],
      [110, 'A failure of the authorization server looks like a rejected token (401); it is 5xx.'],
      [111, 'A cache in front of the gateway keeps a refusal; `no-store` forbids it.'],
      [
        112,
        'The time of an answer tells whether a token was used lately.',
        'the gateway does not hide it: a cached token is faster on purpose, and docs/security.md says so.',
      ],
    ],
  },
  {
    title: 'Script, engine and workers',
    attacks: [
      [
        113,
        'The script fails with an exception, wherever it is at the moment; the request is refused, and the log has the kind of the exception only.',
      ],
      [
        114,
        'The client hangs up while the authorization server is asked; the answer is kept, and nothing is left behind.',
      ],
      [
        115,
        'A version of njs crashes when a client hangs up during a subrequest; the gateway refuses to work there in that way.',
      ],
      [
        116,
        'A version of njs does not wake up a request whose subrequest was nested in another one; both modes are served on the oldest and the newest njs.',
      ],
      [
        117,
        '`ngx.fetch()` of older versions damages memory behind a proxy (`js_fetch_proxy`) or when the status text is read.',
        'the gateway uses no proxy for its question and does not read the status text.',
      ],
      [118, 'A refusal with a body is sent, and the request reaches the API all the same; it does not.'],
      [119, 'nginx is reloaded during requests; none is lost, and the records stay.'],
      [
        120,
        'A worker is killed while it asks; its own connections are lost, and the other workers serve the rest.',
      ],
      [
        121,
        'A fault of nginx itself is used.',
        'the gateway does not bring nginx with it; docs/security.md names the versions that fixed what touches the snippets.',
      ],
      [
        122,
        'The two engines of njs, or an old version, read the script in different ways; what they do not share is refused when the script is built.',
      ],
      [
        123,
        'The authorization server speaks TLS 1.3 only, and `ngx.fetch()` does not by default; the question fails until the documented line allows it.',
      ],
    ],
  },
  {
    title: 'Tokens that are bound to a key',
    attacks: [
      [
        124,
        'A stolen token that is bound to a key is sent with no proof, with one that was made for another request, token or key, or with a forged one; each check of RFC 9449 refuses it, wherever the answer about the token comes from.',
      ],
      [
        125,
        'A proof is sent again, to another worker, at the same moment, or with its signature altered into the ECDSA twin; it is taken once.',
      ],
      [
        126,
        'The zone of used proofs is filled, so that a used proof is forgotten; none is taken that cannot be noted, and none is evicted.',
      ],
      [
        127,
        "A client sends the header in which a TLS terminator hands over certificates, or another client's certificate; only the header of the terminator counts, and only the certificate that the token is bound to.",
      ],
      [
        128,
        'A thief sends a bound token in a bad way, so that it is remembered as rejected and its owner is locked out; how a token was presented is never remembered.',
      ],
    ],
  },
];
