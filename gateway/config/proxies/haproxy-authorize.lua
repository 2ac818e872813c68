-- Asks Bawaba about the request at hand; see haproxy.cfg. Refused or unanswered, the request ends here.

local socket = "unix@/run/haproxy/bawaba.sock"

-- What the service is told, by the variable that haproxy.cfg reads.
local told = {
    authorization = "authorization",
    request = "x-request-id",
    subject = "x-bawaba-subject",
    session = "x-bawaba-session",
    purpose = "x-bawaba-purpose",
    encounter = "x-bawaba-encounter",
    acr = "x-bawaba-acr",
}

-- What the counter is told of a refusal.
local passed = {
    "content-type", "content-language", "cache-control", "www-authenticate", "dpop-nonce", "retry-after", "x-request-id",
}

local function refuse(txn, status, headers, body)
    local reply = txn:reply()
    reply:set_status(status, "")
    for name, value in pairs(headers) do
        reply:add_header(name, value)
    end
    reply:set_body(body)
    txn:done(reply)
end

core.register_action("bawaba-authorize", { "http-req" }, function(txn)
    local target = txn.f:pathq()
    local asked = {
        ["x-original-method"] = { txn.f:method() },
        ["x-original-uri"] = { target },
        -- RFC 9440: DER in base64 between colons.
        ["client-cert"] = { ":" .. txn.c:base64(txn.f:ssl_c_der()) .. ":" },
    }
    -- Every value of each: where a counter sends two tokens, Bawaba sees two.
    local headers = txn.http:req_get_headers()
    for _, name in ipairs({ "authorization", "dpop", "content-type", "accept-language", "if-none-exist" }) do
        local values = {}
        local given = headers[name]
        local place = 0
        while given and given[place] do
            values[place + 1] = given[place]
            place = place + 1
        end
        if place > 0 then
            asked[name] = values
        end
    end

    local client = core.httpclient()
    local answer = client:get({ url = "http://bawaba/v1/authorize", headers = asked, dst = socket, timeout = 10000 })

    if answer and answer.status == 200 and answer.headers["authorization"] then
        for variable, name in pairs(told) do
            local values = answer.headers[name]
            if values then
                txn:set_var("txn.bawaba_" .. variable, values[0])
            end
        end
        txn:set_var("txn.bawaba_target", target)
        return
    end

    local headers_out = { ["content-type"] = "application/problem+json", ["cache-control"] = "no-store" }
    if answer and answer.status >= 400 and answer.headers["x-bawaba-problem"] then
        for _, name in ipairs(passed) do
            local values = answer.headers[name]
            if values then
                headers_out[name] = values[0]
            end
        end
        refuse(txn, answer.status, headers_out, answer.body)
    else
        -- Bawaba gave no answer: nothing passes.
        refuse(txn, 503, headers_out,
            '{"type":"urn:bawaba:problem:overloaded","title":"Bawaba does not answer","status":503,"code":"overloaded","party":"gateway"}')
    end
end, 0)
