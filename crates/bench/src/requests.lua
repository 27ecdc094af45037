-- For wrk: asks for the paths of a file in turn, and prints what was measured as numbers. The requests are written once, at the start,
-- so that wrk itself costs little.

local requests = {}
local at = 0

function init(args)
    for path in io.lines(args[1]) do
        requests[#requests + 1] = wrk.format("GET", path)
    end
end

function request()
    at = at % #requests + 1
    return requests[at]
end

function done(summary, latency)
    local bad = summary.errors
    io.write(string.format("errors: connect %d, read %d, write %d, status %d, timeout %d\n", bad.connect, bad.read, bad.write,
        bad.status, bad.timeout))
    io.write(string.format("measured %d %d %d %d %d\n", summary.requests, summary.duration, latency:percentile(50),
        latency:percentile(99), bad.connect + bad.read + bad.write + bad.status + bad.timeout))
end
