-- wrk: customers by POST, each with a name and a phone of its own. Environment: COOKIE, CSRF, BASE (first number).
local n = tonumber(os.getenv("BASE") or "0")
local headers = {
  ["Content-Type"] = "application/json", ["Cookie"] = os.getenv("COOKIE"), ["X-CSRF-Token"] = os.getenv("CSRF"),
}
request = function()
  n = n + 1
  local body = string.format('{"name":"杭州云帆%07d信息技术有限公司","short_name":"云帆%07d","phone":"139%08d",'
    .. '"industry":"it","source":"website","level":"key","email":"c%07d@example.cn","region":330106,'
    .. '"address_detail":"文三路 %d 号","remark":"年底有采购计划"}', n, n, n, n, n % 400)
  return wrk.format("POST", "/api/v1/customers", headers, body)
end
