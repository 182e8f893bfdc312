"""A stand-in for Pulumi's AWS plugin, for machines that cannot download the published one.

It serves just the types that the components use, against the local cloud and
nothing else. What a change does (update or replace) is as the AWS provider
documents it; ``tests/unit`` holds its property names against the pulumi_aws SDK.
"""
