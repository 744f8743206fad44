"""What every Node.js process of the run loads first: AWS's SDK for JavaScript heeds no proxy variables.

It must not change anything but who is connected to. Placeholders: the pattern of AWS's hosts, the metadata addresses,
and the hosts of the user's registries.
"""

from __future__ import annotations

NODE_GUARD = r"""// Refuses connections to AWS's own hosts. The local AWS answers at AWS_ENDPOINT_URL.
"use strict";
const net = require("net");
const pattern = /{pattern}/i;
const addresses = new Set({addresses});
const kept = new Set({kept});
const connect = net.Socket.prototype.connect;

function hostOf(first, second) {{
  const options = Array.isArray(first) ? first[0] : first;
  if (options !== null && typeof options === "object") return options.host || "";
  return typeof second === "string" ? second : "";
}}

net.Socket.prototype.connect = function (...given) {{
  const host = String(hostOf(given[0], given[1]));
  if ((pattern.test(host) && !kept.has(host.toLowerCase())) || addresses.has(host)) {{
    const words = "The rehearsal lets nothing reach AWS, and " + host + " is AWS's. Call the local AWS in its place: " +
      "leave out the endpoint, or use the one of AWS_ENDPOINT_URL.";
    const error = Object.assign(new Error(words), {{ code: "ECONNREFUSED", host }});
    process.nextTick(() => this.destroy(error));
    return this;
  }}
  return connect.apply(this, given);
}};
"""
