// Holds events back between host and page, so that a test sees a state that is over in a moment. The engine goes on: a
// test that needs it to stand still has `engineGate.mjs`.

/** Puts a gate into every port of the page. Call it before the page goes to the host. */
export async function gateTo(page) {
  let isTheOne;
  let held;
  let tell = () => undefined;
  const take = (text) => {
    if (held !== undefined) {
      held.push(text);
      return;
    }
    const message = JSON.parse(text);
    const { epoch, events = [] } = message.type === 'batch' ? JSON.parse(message.batch) : {};
    const last = isTheOne === undefined ? -1 : events.findIndex((event) => isTheOne(event));
    if (last === -1) {
      tell(text);
      return;
    }
    const batchOf = (some) => JSON.stringify({ type: 'batch', batch: JSON.stringify({ epoch, events: some }) });
    held = [batchOf(events.slice(last + 1))];
    tell(batchOf(events.slice(0, last + 1)));
  };
  await page.routeWebSocket(/\/port$/, (socket) => {
    tell = (text) => socket.send(text);
    socket.connectToServer().onMessage(take);
  });
  return {
    /** Holds everything back that follows the next such event. */
    holdAfter(next) {
      isTheOne = next;
    },
    /** Delivers everything that was held back, and everything from now on. */
    letGo() {
      const messages = held ?? [];
      [held, isTheOne] = [undefined, undefined];
      for (const text of messages) tell(text);
    },
  };
}

/** Whether a load is under way. */
export const isLoading = ({ type, model }) =>
  type === 'modelChanged' && model.status.type === 'loading' && model.status.progress > 0.3;

/** Whether a part of a prompt has been prefilled. */
export const isReading = ({ type, phase }) =>
  type === 'phaseChanged' && phase.type === 'prefilling' && phase.done > 0.3 * phase.total;
