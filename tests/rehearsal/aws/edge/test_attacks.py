"""What another user of the machine, or a web page that a browser on it shows, may try on the edge's port."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import struct
from collections.abc import Mapping
from contextlib import closing, suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

import boto3
import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from tests.rehearsal.aws.edge.bare_cloud import ACCOUNT, OTHER_ACCOUNT, REGION, ROOT_SECRET, BareCloud
from tests.rehearsal.aws.edge.test_cloudformation import deploy, wait_until_ended

WHO_AM_I = b"Action=GetCallerIdentity&Version=2011-06-15"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
EVIL = "http://evil.example"


def ask(
    cloud: BareCloud, method: str, target: str, headers: Mapping[str, str] | None = None, body: bytes = b""
) -> tuple[int, Mapping[str, str], str]:
    """Exactly this request, with the edge's own Host unless another is given."""
    authority = urlsplit(cloud.edge.url).netloc
    with closing(http.client.HTTPConnection(authority, timeout=20)) as connection:
        sent = {"Host": authority, "Content-Length": str(len(body)), **(headers or {})}
        connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders(body)
        answer = connection.getresponse()
        return (
            answer.status,
            {name.lower(): value for name, value in answer.headers.items()},
            answer.read().decode("utf-8", "replace"),
        )


def signed(cloud: BareCloud, secret: str = ROOT_SECRET, key: str = ACCOUNT, host: str = "") -> dict[str, str]:
    """The headers of a GetCallerIdentity; `host` is AWS's own in the place of the edge's."""
    request = AWSRequest("POST", f"https://{host}/" if host else f"{cloud.edge.url}/", data=WHO_AM_I, headers=FORM)
    SigV4Auth(Credentials(key, secret), "sts", REGION).add_auth(request)
    return dict(request.headers.items())


def test_a_signed_request_is_answered(cloud: BareCloud) -> None:
    status, _, body = ask(cloud, "POST", "/", signed(cloud), WHO_AM_I)

    assert (status, f"arn:aws:iam::{ACCOUNT}:root" in body) == (200, True)


@pytest.mark.parametrize("key", [ACCOUNT, "test", "000000000000"])
@pytest.mark.parametrize("secret", ["test", "", ACCOUNT])
def test_whoever_does_not_know_the_runs_secret_is_not_root(cloud: BareCloud, key: str, secret: str) -> None:
    status, _, body = ask(cloud, "POST", "/", signed(cloud, secret or "-", key), WHO_AM_I)

    assert status == 403
    assert ":root" not in body


def test_credentials_in_the_query_are_checked_like_others(cloud: BareCloud) -> None:
    def address(secret: str) -> str:
        request = AWSRequest("GET", f"{cloud.edge.url}/?{WHO_AM_I.decode()}")
        SigV4QueryAuth(Credentials(ACCOUNT, secret), "sts", REGION).add_auth(request)
        return str(request.url).removeprefix(cloud.edge.url)

    assert ask(cloud, "GET", address(ROOT_SECRET))[0] == 200
    assert ask(cloud, "GET", address("test"))[0] == 403
    assert ask(cloud, "GET", f"/?{WHO_AM_I.decode()}&X-Amz-Credential={ACCOUNT}/20261123/r/sts/aws4_request")[0] == 403


def test_whoever_may_nothing_is_not_root_by_naming_two_signers(cloud: BareCloud) -> None:
    iam = cloud.client("iam")
    iam.create_user(UserName="may-nothing")
    key = iam.create_access_key(UserName="may-nothing")["AccessKey"]

    def ask_as(query: str) -> int:
        request = AWSRequest("GET", f"{cloud.edge.url}/?{query}Action=ListUsers&Version=2010-05-08")
        SigV4QueryAuth(Credentials(key["AccessKeyId"], key["SecretAccessKey"]), "iam", REGION).add_auth(request)
        assert request.url is not None
        signature = request.url.partition("X-Amz-Algorithm=")[2]
        return ask(cloud, "GET", f"/?{query}Action=ListUsers&Version=2010-05-08&X-Amz-Algorithm={signature}")[0]

    day = datetime.now(UTC).strftime("%Y%m%d")
    named = f"{ACCOUNT}%2F{day}%2F{REGION}%2Fiam%2Faws4_request"
    answers = [ask_as(query) for query in ("", f"X-Amz-Credential={named}&", f"x-amz-credential={named}&")]

    assert answers == [403, 403, 403]


@pytest.mark.parametrize("version", ["s3", "s3v4"])
def test_addresses_of_objects_are_checked_in_both_versions(cloud: BareCloud, version: str) -> None:
    s3 = cloud.client("s3")
    bucket = f"addresses-of-{version}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=bucket, Key="key", Body=b"content")

    def address(secret: str) -> str:
        client = boto3.client(
            "s3",
            region_name=REGION,
            endpoint_url=cloud.edge.url,
            aws_access_key_id=ACCOUNT,
            aws_secret_access_key=secret,
            config=Config(signature_version=version, s3={"addressing_style": "path"}),
        )
        url = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "key"})
        return str(url).removeprefix(cloud.edge.url)

    assert ask(cloud, "GET", address(ROOT_SECRET))[::2] == (200, "content")
    assert ask(cloud, "GET", address("test"))[0] == 403


def test_an_unsigned_request_reads_no_bucket(cloud: BareCloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="not-for-all", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="not-for-all", Key="key", Body=b"content")
    port = urlsplit(cloud.edge.url).port

    for target, host in (("/", ""), ("/not-for-all/key", ""), ("/key", f"not-for-all.localhost:{port}")):
        status, _, body = ask(cloud, "GET", target, {"Host": host} if host else {})
        assert (status, "content" in body) == (403, False)


def test_a_body_that_was_changed_on_the_way_is_not_stored(cloud: BareCloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="whole", CreateBucketConfiguration={"LocationConstraint": REGION})
    large = b"a" * (3 * 1024 * 1024)
    request = AWSRequest("PUT", f"{cloud.edge.url}/whole/key", data=large)
    request.headers["X-Amz-Content-SHA256"] = "0" * 64
    SigV4Auth(Credentials(ACCOUNT, ROOT_SECRET), "s3", REGION).add_auth(request)

    status, _, said = ask(cloud, "PUT", "/whole/key", dict(request.headers.items()), large)

    assert (status, "XAmzContentSHA256Mismatch" in said) == (400, True)
    with pytest.raises(ClientError, match="404"):
        s3.head_object(Bucket="whole", Key="key")


def test_a_large_body_that_somebody_else_has_signed_is_not_taken(cloud: BareCloud) -> None:
    sqs = cloud.client("sqs")
    url = sqs.create_queue(QueueName="large")["QueueUrl"]
    headers = {"X-Amz-Target": "AmazonSQS.SendMessage", "Content-Type": "application/x-amz-json-1.0"}
    body = json.dumps({"QueueUrl": url, "MessageBody": "a" * (3 * 1024 * 1024)}).encode()
    request = AWSRequest("POST", f"{cloud.edge.url}/", data=body, headers=headers)
    SigV4Auth(Credentials(ACCOUNT, "test"), "sqs", REGION).add_auth(request)

    status, _, said = ask(cloud, "POST", "/", dict(request.headers.items()), body)

    assert (status, "SignatureDoesNotMatch" in said) == (403, True)
    assert sqs.receive_message(QueueUrl=url).get("Messages", []) == []


STS = "sts.eu-west-1.amazonaws.com"


def test_a_request_that_was_signed_for_aws_s_own_host_is_answered(cloud: BareCloud) -> None:
    status, _, body = ask(cloud, "POST", "/", {**signed(cloud, host=STS), "Host": STS}, WHO_AM_I)

    assert (status, f"arn:aws:iam::{ACCOUNT}:root" in body) == (200, True)


def test_aws_s_own_host_helps_nobody_who_cannot_sign(cloud: BareCloud) -> None:
    strangers = signed(cloud, secret="a guess", host=STS)

    assert ask(cloud, "POST", "/", {**strangers, "Host": STS}, WHO_AM_I)[0] == 403
    assert ask(cloud, "POST", "/", {**FORM, "Host": STS}, WHO_AM_I)[0] == 403
    assert ask(cloud, "POST", "/", {**signed(cloud, host=STS), "Host": "s3.amazonaws.com"}, WHO_AM_I)[0] == 403
    api = "abc.execute-api.eu-west-1.amazonaws.com"
    assert ask(cloud, "POST", "/", {**signed(cloud, host=api), "Host": api}, WHO_AM_I)[0] == 403


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1", "localhost.evil.example:{port}", ""])
def test_another_host_s_name_is_refused(cloud: BareCloud, host: str) -> None:
    name = host.format(port=urlsplit(cloud.edge.url).port)

    status, _, body = ask(cloud, "POST", "/", {**signed(cloud), "Host": name}, WHO_AM_I)

    assert (status, "is not this one's" in body) == (403, True)


@pytest.mark.parametrize(
    "page",
    [
        {"Origin": EVIL},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site"},
    ],
)
def test_a_web_page_is_refused_before_anything_else(cloud: BareCloud, page: dict[str, str]) -> None:
    status, headers, body = ask(cloud, "POST", "/", {**signed(cloud), **page}, WHO_AM_I)

    assert (status, "may not call the local AWS" in body) == (403, True)
    assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize("service", ["s3", "sts", "dynamodb", "lambda", "cloudformation"])
def test_no_answer_lets_other_sites_read_it(cloud: BareCloud, service: str) -> None:
    calls = {
        "s3": "list_buckets",
        "sts": "get_caller_identity",
        "dynamodb": "list_tables",
        "lambda": "list_functions",
        "cloudformation": "list_stacks",
    }
    answer = getattr(cloud.client(service), calls[service])()

    headers = answer["ResponseMetadata"]["HTTPHeaders"]
    assert not [name for name in headers if name.startswith("access-control-")]


@pytest.mark.parametrize(
    "target",
    [
        "/_ministack/reset",
        "/_ministack/config",
        "/_ministack/sqs/messages",
        "/_ministack/lambda-code/eu-west-1/any",
        "/_localstack/health",
        "/health",
        "/%5Fministack/reset",
        "/_ministack%2Freset",
        "//_ministack/reset",
        "/_ministack/cfn-response/../reset",
        "/_ministack/cfn-response/short",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_the_emulators_own_paths_are_closed_even_to_root(cloud: BareCloud, method: str, target: str) -> None:
    cloud.client("sqs").create_queue(QueueName="still-there")

    assert ask(cloud, method, target)[0] == 403
    assert ask(cloud, method, target, signed(cloud), WHO_AM_I)[0] == 403

    assert cloud.client("sqs").get_queue_url(QueueName="still-there")


@pytest.fixture(scope="module")
def role_of_a_site(cloud: BareCloud) -> str:
    """A role that whoever shows a token of a site may take, as a deployment by GitHub's actions has it."""
    provider = f"arn:aws:iam::{ACCOUNT}:oidc-provider/site.example"
    trust = {"Effect": "Allow", "Principal": {"Federated": provider}, "Action": "sts:AssumeRoleWithWebIdentity"}
    iam = cloud.client("iam")
    iam.create_open_id_connect_provider(Url="https://site.example", ThumbprintList=["a" * 40])
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    return str(iam.create_role(RoleName="of-a-site", AssumeRolePolicyDocument=policy)["Role"]["Arn"])


@pytest.mark.parametrize("target", ["/", "/_aws/execute-api/x", "/_aws/execute-api/"])
def test_nobody_takes_a_role_with_a_token_that_he_wrote(cloud: BareCloud, role_of_a_site: str, target: str) -> None:
    token = base64.urlsafe_b64encode(json.dumps({"iss": "https://site.example", "sub": "me"}).encode()).decode()
    asked = {"RoleArn": role_of_a_site, "RoleSessionName": "me", "WebIdentityToken": f"e30.{token.rstrip('=')}.e30"}
    form = urlencode({"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15", **asked})

    answers = [ask(cloud, "POST", target, FORM, form.encode()), ask(cloud, "GET", f"{target}?{form}")]

    assert [(status, "AccessKeyId" in body) for status, _, body in answers] == [(403, False)] * 2


def test_the_path_of_an_api_leads_to_no_bucket(cloud: BareCloud) -> None:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket="open-to-all", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.delete_public_access_block(Bucket="open-to-all")
    everybody = {"Effect": "Allow", "Principal": "*", "Action": "s3:*", "Resource": "arn:aws:s3:::open-to-all/*"}
    s3.put_bucket_policy(Bucket="open-to-all", Policy=json.dumps({"Version": "2012-10-17", "Statement": [everybody]}))
    host = f"open-to-all.localhost:{urlsplit(cloud.edge.url).port}"

    for target in ("/_aws/execute-api/key", "/_aws/execute-api/a/key", "/%5Faws/execute-api/a/key"):
        assert ask(cloud, "PUT", target, {"Host": host}, b"planted")[0] == 403

    assert s3.list_objects_v2(Bucket="open-to-all")["KeyCount"] == 0


@pytest.mark.parametrize("target", ["/_rehearsal/resources", "/_rehearsal/guess/resources"])
def test_nobody_else_can_ask_for_resources(cloud: BareCloud, target: str) -> None:
    message = {"RequestType": "Delete", "ResourceType": "AWS::CodeDeploy::Application"}

    assert ask(cloud, "POST", target, {}, json.dumps(message).encode())[0] == 403


@pytest.mark.parametrize(
    "headers",
    [
        [("Authorization", "one"), ("Authorization", "two")],
        [("Authorization", "AWS4-HMAC-SHA256 Credential=111111111111/20261123/eu-west-1/sts/aws4_request")],
        [("Authorization", "AWS 111111111111:signature")],
    ],
)
def test_half_a_signature_counts_as_none(cloud: BareCloud, headers: list[tuple[str, str]]) -> None:
    authority = urlsplit(cloud.edge.url).netloc
    with closing(http.client.HTTPConnection(authority, timeout=20)) as connection:
        connection.putrequest("GET", f"/?{WHO_AM_I.decode()}")
        for name, value in headers:
            connection.putheader(name, value)
        connection.endheaders()
        assert connection.getresponse().status == 403


@pytest.mark.parametrize(
    "lines",
    [
        "GET /\xff HTTP/1.1\r\nHost: {host}\r\n",
        "GET / HTTP/1.1\r\nHost: {host}\r\nHost: {host}\r\n",
        "GET / HTTP/1.1\r\nHost: {host}\r\nX-Amz-Date: {now}\r\nAuthorization: AWS4-HMAC-SHA256 "
        "Credential=111111111111/{day}/\xff/s3/aws4_request, SignedHeaders=host, Signature={zeros}\r\n",
    ],
)
def test_nonsense_is_refused_and_writes_nothing_into_the_output(
    cloud: BareCloud, lines: str, caplog: pytest.LogCaptureFixture
) -> None:
    authority = urlsplit(cloud.edge.url).netloc
    now = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
    request = lines.format(host=authority, now=now, day=now[:8], zeros="0" * 64)
    with socket.create_connection(("127.0.0.1", urlsplit(cloud.edge.url).port or 0), timeout=20) as connection:
        connection.sendall(f"{request}\r\n".encode("latin-1"))
        answer = connection.recv(1000)

    assert answer.split()[1] in (b"400", b"403")
    assert caplog.records == []


def test_who_hangs_up_in_the_middle_of_a_body_writes_nothing_into_the_output(
    cloud: BareCloud, caplog: pytest.LogCaptureFixture
) -> None:
    authority = urlsplit(cloud.edge.url).netloc
    head = f"POST /_aws/execute-api/abc123/prod/ HTTP/1.1\r\nHost: {authority}\r\nContent-Length: 1000000\r\n\r\n"
    for _ in range(3):
        with socket.create_connection(("127.0.0.1", urlsplit(cloud.edge.url).port or 0), timeout=20) as connection:
            connection.sendall(head.encode() + b"a" * 1000)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    assert ask(cloud, "POST", "/", signed(cloud), WHO_AM_I)[0] == 200
    assert caplog.records == []


@pytest.mark.parametrize("target", ["/", "/_aws/execute-api/abc123/prod/"])
def test_whoever_does_not_sign_cannot_fill_the_memory(cloud: BareCloud, target: str) -> None:
    authority = urlsplit(cloud.edge.url).netloc
    with closing(http.client.HTTPConnection(authority, timeout=20)) as connection:
        connection.putrequest("POST", target)
        connection.putheader("Content-Length", str(10**12))
        connection.endheaders()
        assert connection.getresponse().status == 413


@pytest.mark.parametrize("target", ["/", "/_aws/execute-api/abc123/prod/"])
def test_nor_by_not_saying_how_much_it_is(cloud: BareCloud, target: str) -> None:
    authority = urlsplit(cloud.edge.url).netloc
    part = b"100000\r\n" + b"a" * 0x100000 + b"\r\n"
    with closing(http.client.HTTPConnection(authority, timeout=20)) as connection:
        connection.putrequest("POST", target)
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders()
        with suppress(ConnectionError):  # it hangs up when it has had enough
            for _ in range(12):
                connection.send(part)
            connection.send(b"0\r\n\r\n")
        assert connection.getresponse().status == 413


def _put_method(
    apigateway: Any, api: str, resource: str, method: str, parameters: Mapping[str, str], authorization: str = "NONE"
) -> None:
    place = {"restApiId": api, "resourceId": resource, "httpMethod": method}
    template = {"application/json": '{"statusCode": 200}'}
    apigateway.put_method(**place, authorizationType=authorization)
    apigateway.put_integration(**place, type="MOCK", requestTemplates=template)
    declared = {f"method.response.header.{name}": True for name in parameters}
    apigateway.put_method_response(**place, statusCode="200", responseParameters=declared)
    values = {f"method.response.header.{name}": f"'{value}'" for name, value in parameters.items()}
    apigateway.put_integration_response(
        **place, statusCode="200", responseParameters=values, responseTemplates={"application/json": '{"is": "run"}'}
    )


@pytest.fixture(scope="module")
def apis(cloud: BareCloud) -> dict[str, str]:
    """Two open APIs: one says that pages of http://friend.example may call it, the other says nothing of pages.

    The third is for whoever signs. The emulator answers the calls of all three.
    """
    application = {"Resources": {"Application": {"Type": "AWS::CodeDeploy::Application"}}}
    wait_until_ended(deploy(cloud, "cors", json.dumps(application), OTHER_ACCOUNT), "cors")
    apigateway = cloud.client("apigateway", OTHER_ACCOUNT)
    paths = {}
    for name in ("friendly", "silent", "guarded"):
        api = apigateway.create_rest_api(name=name)["id"]
        root = apigateway.get_resources(restApiId=api)["items"][0]["id"]
        _put_method(apigateway, api, root, "POST", {}, "AWS_IAM" if name == "guarded" else "NONE")
        if name == "friendly":
            allowed = {"Access-Control-Allow-Origin": "http://friend.example", "Access-Control-Allow-Methods": "POST"}
            _put_method(apigateway, api, root, "OPTIONS", allowed)
        apigateway.create_deployment(restApiId=api, stageName="prod")
        paths[name] = f"/_aws/execute-api/{api}/prod/"
    return paths


@pytest.mark.parametrize(
    ("api", "page", "is_run"),
    [
        ("friendly", {}, True),
        ("silent", {}, True),
        ("friendly", {"Origin": "http://friend.example", "Sec-Fetch-Site": "cross-site"}, True),
        ("friendly", {"Origin": EVIL, "Sec-Fetch-Site": "cross-site"}, False),
        ("friendly", {"Sec-Fetch-Site": "cross-site"}, False),
        ("silent", {"Origin": "http://friend.example"}, False),
    ],
)
def test_an_api_is_called_by_the_pages_that_it_names(
    cloud: BareCloud, apis: dict[str, str], api: str, page: dict[str, str], is_run: bool
) -> None:
    status, _, body = ask(cloud, "POST", apis[api], page, b"{}")

    assert (status, "is" in json.loads(body) if status == 200 else False) == ((200, True) if is_run else (403, False))


@pytest.mark.parametrize("secret", [ROOT_SECRET, "test"])
def test_who_signs_in_the_query_of_an_api_is_believed_by_his_signature_alone(
    cloud: BareCloud, apis: dict[str, str], secret: str
) -> None:
    request = AWSRequest("POST", f"{cloud.edge.url}{apis['guarded']}")
    SigV4QueryAuth(Credentials(OTHER_ACCOUNT, secret), "execute-api", REGION).add_auth(request)

    status, _, body = ask(cloud, "POST", str(request.url).removeprefix(cloud.edge.url))

    assert (status, "is" in json.loads(body)) == ((200, True) if secret == ROOT_SECRET else (403, False))


@pytest.mark.parametrize(
    "query",
    [
        f"X-Amz-Credential={OTHER_ACCOUNT}/20261123/{REGION}/execute-api/aws4_request",
        f"x-amz-credential={OTHER_ACCOUNT}/20261123/{REGION}/execute-api/aws4_request",
        f"AWSAccessKeyId={OTHER_ACCOUNT}",
        f"AWSAccessKeyId={OTHER_ACCOUNT}&Signature=x&Expires=4000000000",
    ],
)
def test_who_only_names_a_signer_calls_an_api_unsigned(cloud: BareCloud, apis: dict[str, str], query: str) -> None:
    assert ask(cloud, "POST", f"{apis['guarded']}?{query}")[0] == 403


def test_an_api_answers_a_preflight_itself(cloud: BareCloud, apis: dict[str, str]) -> None:
    asked = {"Origin": EVIL, "Access-Control-Request-Method": "POST", "Sec-Fetch-Site": "cross-site"}

    _, friendly, _ = ask(cloud, "OPTIONS", apis["friendly"], asked)
    _, silent, _ = ask(cloud, "OPTIONS", apis["silent"], asked)

    assert friendly["access-control-allow-origin"] == "http://friend.example"
    assert "access-control-allow-origin" not in silent


@pytest.mark.parametrize(
    ("service", "target", "sent"),
    [
        ("events", "AWSEvents.PutEvents", {"Entries": [{"Source": 5, "DetailType": "made", "Detail": "{}"}]}),
        ("events", "AWSEvents.PutEvents", {"Entries": [{"Source": "a", "DetailType": "b", "Detail": {}}]}),
        ("events", "AWSEvents.PutEvents", {"Entries": [{"Source": "a", "DetailType": "b", "Resources": 5}]}),
        ("logs", "Logs_20140328.PutLogEvents", {"logEvents": [{"message": "without a time"}]}),
        ("dynamodb", "DynamoDB_20120810.TransactWriteItems", {"TransactItems": [5]}),
        ("sqs", "AmazonSQS.SendMessage", {"MessageAttributes": 5}),
        ("states", "AWSStepFunctions.StartExecution", {"input": 5}),
    ],
)
def test_members_of_another_type_are_refused_as_no_request_of_the_service(
    cloud: BareCloud, service: str, target: str, sent: Mapping[str, object]
) -> None:
    body, headers = json.dumps(sent), {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
    request = AWSRequest("POST", f"{cloud.edge.url}/", data=body, headers=headers)
    SigV4Auth(Credentials(ACCOUNT, ROOT_SECRET), service, REGION).add_auth(request)

    status, _, answer = ask(cloud, "POST", "/", dict(request.headers.items()), body.encode())

    assert (status, "SerializationException" in answer) == (400, True)
