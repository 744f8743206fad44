"""What every Node.js process of the run loads first: AWS's SDK for JavaScript heeds no proxy variables.

It must not change anything but who is connected to. Placeholders: the pattern of AWS's hosts, the metadata addresses,
and the hosts of the user's registries.
"""

from __future__ import annotations

NODE_GUARD = r"""// Refuses connections to AWS's own hosts. The local AWS answers at AWS_ENDPOINT_URL.
"use strict";
const net = require("net");
const pattern = /{pattern}/i;
const addresses = new net.BlockList();
for (const address of {addresses}) addresses.addAddress(address, net.isIPv6(address) ? "ipv6" : "ipv4");
const kept = new Set({kept});
const connect = net.Socket.prototype.connect;

function hostOf(first, second) {{
  const options = Array.isArray(first) ? first[0] : first;
  if (options !== null && typeof options === "object") return options.host || "";
  return typeof second === "string" ? second : "";
}}

function isMetadata(host) {{
  const address = String(host).split("%")[0];
  return net.isIP(address) !== 0 && addresses.check(address, net.isIPv6(address) ? "ipv6" : "ipv4");
}}

function refusal(host) {{
  const words = "The rehearsal lets nothing reach AWS, and " + host + " is AWS's. Call the local AWS in its place: " +
    "leave out the endpoint, or use the one of AWS_ENDPOINT_URL.";
  return Object.assign(new Error(words), {{ code: "ECONNREFUSED", host }});
}}

net.Socket.prototype.connect = function (...given) {{
  const host = String(hostOf(given[0], given[1]));
  const name = host.replace(/\.+$/, "").toLowerCase(); // a name that ends in dots is the same name
  if ((pattern.test(name) && !kept.has(name)) || isMetadata(host)) {{
    process.nextTick(() => this.destroy(refusal(host)));
    return this;
  }}
  // A name, or an address in an odd spelling, that turns out to be one of a machine's metadata.
  this.on("lookup", (error, address) => {{
    if (!error && isMetadata(address)) this.destroy(refusal(host));
  }});
  return connect.apply(this, given);
}};
"""
