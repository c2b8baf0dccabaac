-- wrk: GET over the addresses of a file, one a line, in turn. Environment: PATHS, and COOKIE or COOKIES (one a line,
-- another one at each request).
local paths, cookies, i = {}, {}, 0
for line in io.lines(os.getenv("PATHS")) do paths[#paths + 1] = line end
for line in (os.getenv("COOKIES") or os.getenv("COOKIE")):gmatch("[^\n]+") do
  cookies[#cookies + 1] = { ["Cookie"] = line }
end
request = function()
  i = i + 1
  return wrk.format("GET", paths[i % #paths + 1], cookies[i % #cookies + 1])
end
