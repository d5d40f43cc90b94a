/** Part of every opaque token, secret and JWT of the tests, so that a search of the logs finds each of them. */
export const SECRET_MARKS = [/opaque-/, /eyJ/, /gateway-secret/, /Z2F0ZXdheS/];
