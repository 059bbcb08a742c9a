/** Vitest's set-up file: lets every test process find the driver that `npm test` has set up for Dawn. */
import { prepareVulkan } from './vulkan.mjs';

prepareVulkan();
