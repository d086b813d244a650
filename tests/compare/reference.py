"""Runs `vllm bench serve` for many command lines in one process: each in a fork, so that the imports are paid once.

    python reference.py < COMMANDS     a JSON list of arguments a line; answers with an exit status a line
"""

import json
import os
import sys
import warnings

from vllm.benchmarks.serve import add_cli_args, main
from vllm.utils.argparse_utils import FlexibleArgumentParser


def run(words):
    parser = FlexibleArgumentParser()
    add_cli_args(parser)
    main(parser.parse_args(words))


# The parent's other threads sleep while it forks.
warnings.filterwarnings("ignore", category=DeprecationWarning)
for line in sys.stdin:
    child = os.fork()
    if child == 0:
        status = 1
        try:
            log = os.open("reference.log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(log, 1)
            os.dup2(log, 2)
            run(json.loads(line))
            status = 0
        except SystemExit as exit:
            status = exit.code or 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    _, status = os.waitpid(child, 0)
    print(os.waitstatus_to_exitcode(status), flush=True)
