-- Load for wrk: -s load.lua URL -- <path> <token prefix> <first> <count> [<file of proofs>]
-- Sends the tokens <prefix><number>, numbers of eight digits, from <first> on, <count> different ones in a cycle; with a
-- file, each line of it once, as a DPoP proof. Prints one line of JSON.
local head, first, count, proofs
local position = 0

function init(args)
  if args[5] then
    proofs = {}
    for proof in io.lines(args[5]) do proofs[#proofs + 1] = proof end
  end
  local scheme = proofs and "DPoP " or "Bearer "
  head = "GET " .. args[1] .. " HTTP/1.1\r\nHost: gateway.bench\r\nAuthorization: " .. scheme .. args[2]
  first, count = tonumber(args[3]), tonumber(args[4])
end

local sent = 0

function request()
  local number = first + position
  position = position + 1
  if position == count then position = 0 end
  local proof = ""
  if proofs then
    sent = sent + 1
    proof = "\r\nDPoP: " .. (proofs[sent] or "none is left")
  end
  return head .. string.format("%08d", number) .. proof .. "\r\n\r\n"
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"durationUs":%d,"failedConnections":%d,"failedAnswers":%d,' ..
    '"p50Us":%d,"p99Us":%d,"p999Us":%d}\n',
    summary.requests, summary.duration, errors.connect + errors.read + errors.write + errors.timeout, errors.status,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
