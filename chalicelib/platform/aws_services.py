"""The AWS services that the deployed functions call. `make package` ships only botocore's models of these."""

from typing import Literal, get_args

Service = Literal["codebuild", "dynamodb", "lambda", "s3", "secretsmanager", "stepfunctions"]
SERVICES: tuple[str, ...] = get_args(Service)
