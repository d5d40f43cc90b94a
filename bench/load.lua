-- Load for wrk: -s load.lua URL -- <text before the token> <text after it> <token prefix> <first> <count> [<file of proofs>]
-- Sends the tokens <prefix><number>, numbers of eight digits, from <first> on, <count> different ones in a cycle; with a
-- file, each line of it once, as a DPoP proof. Prints one line of JSON.
local before, after, first, count, proofs
local position, sent = 0, 0

function init(args)
  before, after = args[1] .. args[3], args[2]
  first, count = tonumber(args[4]), tonumber(args[5])
  if args[6] then
    proofs = {}
    for proof in io.lines(args[6]) do proofs[#proofs + 1] = proof end
  end
end

function request()
  local number = first + position
  position = position + 1
  if position == count then position = 0 end
  local token = before .. string.format("%08d", number)
  if not proofs then return token .. after end
  sent = sent + 1
  return token .. "\r\nDPoP: " .. (proofs[sent] or "none is left") .. after
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"durationUs":%d,"failedConnections":%d,"failedAnswers":%d,' ..
    '"p50Us":%d,"p99Us":%d,"p999Us":%d}\n',
    summary.requests, summary.duration, errors.connect + errors.read + errors.write + errors.timeout, errors.status,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
