"""What version 2 of AWS's SDK for JavaScript needs to reach the local AWS: it knows no AWS_ENDPOINT_URL.

CDK's own tools were built on it until the end of 2024, and apps pin them: the CLI, `cdk-assets@2`. Part of what every
Node.js process of the run loads first (egress.py). It must not touch a request of anybody else, nor one that was not
signed: what the request says of its host is part of the signature, and stays.

Source: "Service-specific endpoints" of the AWS SDKs and Tools guide (not in version 2); AWS.NodeHttpClient.
"""

from __future__ import annotations

NODE_SDK_VERSION_2 = r"""
// Requests of version 2 of AWS's SDK go to the local AWS, as they were signed.
const http = require("http");
const https = require("https");
const requestByTls = https.request;

function isOfVersion2(options) {
  const headers = (options !== null && typeof options === "object" && options.headers) || {};
  return /^aws-sdk-nodejs\/2\./.test(headers["User-Agent"]) && "Authorization" in headers;
}

https.request = function (options, ...rest) {
  const local = process.env.AWS_ENDPOINT_URL;
  if (!local || !isOfVersion2(options) || !pattern.test(String(options.host))) {
    return requestByTls.call(this, options, ...rest);
  }
  const { hostname, port } = new URL(local);
  return http.request({ ...options, host: hostname, hostname, port, protocol: "http:", agent: undefined }, ...rest);
};
"""
