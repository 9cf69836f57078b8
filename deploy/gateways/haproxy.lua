-- Asks the portal about a call, for haproxy.cfg beside this file. Nothing needs to be changed here.
-- HAProxy 2.6 and later, as Debian ships it: no further package, no library.

-- What the API learns from an answer that allows the call, what the client learns from it, and from a refusal.
local TO_API = { "portal-integration", "portal-group" }
local TO_CLIENT = { "ratelimit-policy", "ratelimit", "x-rate-limit-limit", "x-rate-limit-remaining" }
local OF_REFUSAL = {
  "content-type", "www-authenticate", "retry-after", "portal-reason",
  "ratelimit-policy", "ratelimit", "x-rate-limit-limit", "x-rate-limit-remaining",
}

local DOWN = '{"type":"about:blank","title":"Service Unavailable","status":503,'
  .. '"detail":"the quota can not be checked at the moment"}'

local function value(headers, name)
  local values = headers and headers[name]
  return values and values[0]
end

-- What the caller shows, if it can stand in a header: a request that the portal can't read would look like an outage.
local function shown(headers)
  local text = value(headers, "authorization")
  return text and (text:find("[^\x20-\x7e]") and "unreadable" or text)
end

local function refuse(txn, status, headers, body)
  txn:done(txn:reply { status = status, headers = headers, body = body })
end

-- The door is asked through the section "devportal" of haproxy.cfg, which keeps connections and the time. That
-- section always answers within two seconds; this client's own timeout, behind which it would ask again, is never met.
local function ask(txn)
  local headers = { ["portal-gateway"] = { txn:get_var("proc.devportal_gateway") } }
  local sent = {
    ["authorization"] = shown(txn.http:req_get_headers()),
    ["portal-site"] = txn:get_var("txn.devportal_site"),
    ["portal-cost"] = txn:get_var("txn.devportal_cost"),
  }
  for name, text in pairs(sent) do
    headers[name] = { text }
  end
  return core.httpclient():get {
    url = "http://devportal/gateway/authorize",
    dst = txn:get_var("proc.devportal_socket"),
    headers = headers,
    timeout = 5000,
  }
end

-- http-request lua.devportal closed|open: what happens to a call when the portal can't be asked.
core.register_action("devportal", { "http-req" }, function(txn, when_down)
  local asked, answer = pcall(ask, txn)
  local status = asked and answer and answer.status
  if status == 200 then
    for _, name in ipairs(TO_API) do
      local text = value(answer.headers, name)
      if text then txn.http:req_set_header(name, text) end
    end
    for _, name in ipairs(TO_CLIENT) do
      local text = value(answer.headers, name)
      if text then txn:set_var("txn." .. name:gsub("-", "_"), text) end
    end
  elseif status and status >= 400 and status < 500 then
    local headers = {}
    for _, name in ipairs(OF_REFUSAL) do
      local text = value(answer.headers, name)
      if text then headers[name] = { text } end
    end
    refuse(txn, status, headers, answer.body)
  -- No answer, or one that nothing could be decided.
  elseif when_down ~= "open" then
    refuse(txn, 503, {
      ["content-type"] = { "application/problem+json" },
      ["portal-reason"] = { "portal-unavailable" },
      ["retry-after"] = { "5" },
    }, DOWN)
  end
end, 1)
