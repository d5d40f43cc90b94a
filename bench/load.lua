-- Load for wrk: -s load.lua URL -- <path> <token prefix> <first> <count>
-- Sends the tokens <prefix><number>, numbers of eight digits, from <first> on, <count> different ones in a cycle.
-- Prints one line of JSON.
local head, first, count
local position = 0

function init(args)
  head = "GET " .. args[1] .. " HTTP/1.1\r\nHost: gateway.bench\r\nAuthorization: Bearer " .. args[2]
  first, count = tonumber(args[3]), tonumber(args[4])
end

function request()
  local number = first + position
  position = position + 1
  if position == count then position = 0 end
  return head .. string.format("%08d", number) .. "\r\n\r\n"
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    '{"requests":%d,"durationUs":%d,"failedConnections":%d,"failedAnswers":%d,' ..
    '"p50Us":%d,"p99Us":%d,"p999Us":%d}\n',
    summary.requests, summary.duration, errors.connect + errors.read + errors.write + errors.timeout, errors.status,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9)))
end
