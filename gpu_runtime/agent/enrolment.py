"""Enrolment: once in a host's life it presents a one-time code and its public key, and learns who it is."""

import logging
import time

from gpu_runtime.agent import VERSION
from gpu_runtime.agent.control import ControlPlane, Unreachable
from gpu_runtime.agent.state import HostState
from gpu_runtime.protocol import parse_public_key, public_key_text
from gpu_runtime.protocol.messages import DeviceReport, EnrolAnswer, EnrolRequest

RETRY_SECONDS = (0.5, 1.0, 2.0, 4.0, 8.0)

log = logging.getLogger("writ.agent")


def enrol_host(
    state: HostState,
    control: ControlPlane,
    code: str,
    name: str,
    isolation: str,
    devices: tuple[DeviceReport, ...],
) -> EnrolAnswer:
    """Enrol, and keep the answer; the warrant keys in it are pinned for good.

    Raises:
        Denied: if the code is wrong, used or too old.
        Unreachable: if the control plane stays silent for about 16 s.
        KeyUnusable: if a warrant key in the answer is no key; nothing is kept then.
    """
    request = EnrolRequest(
        code=code,
        name=name,
        public_key=public_key_text(state.key.verify_key),
        agent_version=VERSION,
        isolation=isolation,
        devices=devices,
    )
    answer = _ask_patiently(control, request)
    for key in answer.warrant_keys:
        parse_public_key(key.public_key)
    state.remember_identity(answer)
    control.host_id = answer.host_id
    log.info("enrolled as host %s at site %s", answer.host_id, answer.site)
    return answer


def _ask_patiently(control: ControlPlane, request: EnrolRequest) -> EnrolAnswer:
    for pause in RETRY_SECONDS:
        try:
            return control.call("enrol", request, EnrolAnswer)
        except Unreachable as error:
            log.warning("enrolment: %s; asking again in %g s", error, pause)
            time.sleep(pause)
    return control.call("enrol", request, EnrolAnswer)
