"""The versions of the tools that run inside the pipeline's builds, in one place.

The two npm packages are those of package.json: the laptop, CodeBuild and the local run use the same ones. Never
unversioned: npm's `latest` of aws-cdk and of cdk-assets are not made for each other's cloud assembly schema.
"""

CDK_CLI = "2.1148.1"
CDK_ASSETS = "4.7.3"
PYTHON = "3.13"
NODE = "22"
