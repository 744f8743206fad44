"""The protocols that AWS's clients speak, from the service's side: query, JSON 1.x and Smithy RPC v2 CBOR.

Each module offers one `Protocol`; `protocol_of` finds the one of a request. Shapes and timestamp formats come from
botocore's models. Nothing here knows a service, nor who calls.

Sources: smithy.io, "AWS Query protocol", "AWS JSON 1.0/1.1 protocol", "Smithy RPC v2 CBOR protocol".
"""
